/** Text from a model: prompt in chunks, then one step a token, a few steps ahead of what was read. */
import { stopAt, textStream } from './detokenize.js'
import { checkAbort, IntegrityError, orAbort, UnsupportedError } from './errors.js'
import { programOf, type Step, stepOf } from './executor.js'
import { prepareStates } from './flow.js'
import type { TensorLike } from './inputs.js'
import { checkIds, chunks, type Session, take } from './session.js'

export interface GenerateOptions {
  /** Most tokens to generate. Default 256. */
  maxTokens?: number | undefined
  /** 0: always the likeliest token. Default 0.8. */
  temperature?: number | undefined
  /** Draw from this many of the likeliest tokens; 0: from all. Default 40. */
  topK?: number | undefined
  /** Draw from the likeliest tokens that together have this probability; 1: from all. Default 0.95. */
  topP?: number | undefined
  /** Above 1: ids that the context holds become less likely (1.1 is usual). Default 1, which changes nothing. */
  repetitionPenalty?: number | undefined
  /** The same seed, prompt and options give the same text. Default: a random one. */
  seed?: number | undefined
  /** Stops the generation; the loop over it then throws the signal's reason. The model stays usable. */
  signal?: AbortSignal | undefined
  /** Texts that end the generation. They are not given out. Only for `generate`. */
  stop?: readonly string[] | undefined
  /** Go on from where the last generation ended, rather than from an empty context. Default false. */
  continue?: boolean | undefined
  /**
   * What else the model takes: sound, an image, by the names that `Model.run` knows them by. An encoder reads them
   * before the first token.
   */
  inputs?: Record<string, TensorLike> | undefined
  /** Put the model's first token before a text that the tokenizer doesn't put it before. Default false. */
  bos?: boolean | undefined
}

/**
 * eos: the model ended it.  stop: one of the stop texts came.  length: `maxTokens`.
 * context: no room for another token.  aborted: the signal, an error, or the end of the loop over it.
 */
export type EndReason = 'eos' | 'stop' | 'length' | 'context' | 'aborted'

/** How a generation went. */
export interface Generation {
  reason: EndReason
  /** Tokens given out. */
  tokens: number
  /** Tokens of the prompt, without those of a conversation that it continues. */
  promptTokens: number
  /** Milliseconds from the call to the first token. */
  timeToFirstToken: number
  /** Tokens after the first by seconds after it; 0 where there was none. */
  tokensPerSecond: number
  /** The id that ended it, where one did: it is not given out. */
  end?: number
}

interface Checked {
  maxTokens: number
  sampling: Pick<Step, 'seed' | 'topK' | 'topP' | 'temperature' | 'penalty'>
}

function check(o: GenerateOptions): Checked {
  const { maxTokens = 256, temperature = 0.8, topK = 40, topP = 0.95, repetitionPenalty: penalty = 1 } = o
  const seed = o.seed ?? Math.floor(Math.random() * 2 ** 32)
  const need = (ok: boolean, what: string) => {
    if (!ok) throw new RangeError(what)
  }
  need(
    maxTokens === Infinity || (Number.isInteger(maxTokens) && maxTokens > 0),
    'maxTokens must be 1 or more',
  )
  need(temperature >= 0 && temperature < Infinity, 'temperature must be 0 or more')
  need(Number.isInteger(topK) && topK >= 0 && topK < 2 ** 32, 'topK must be a whole number, 0 or more')
  need(topP > 0 && topP <= 1, 'topP must be above 0 and at most 1')
  need(penalty > 0 && penalty < Infinity, 'repetitionPenalty must be above 0')
  need(Number.isInteger(seed), 'seed must be a whole number')
  return { maxTokens, sampling: { seed: seed >>> 0, topK, topP, temperature, penalty } }
}

/** Token ids of a prompt; text needs a tokenizer. */
function idsOf(session: Session, prompt: string | ArrayLike<number>, o: GenerateOptions): number[] {
  if (typeof prompt !== 'string') return Array.from(prompt)
  const { tokenizer, info } = session
  if (!tokenizer) throw new TypeError('the model was loaded without a tokenizer: give token ids')
  const ids = tokenizer.encode(prompt, { addSpecial: !o.continue })
  if (o.bos && !o.continue && info.bos !== undefined && ids[0] !== info.bos) ids.unshift(info.bos)
  return ids
}

/** Yields token ids. Returns how it went. */
export async function* generateIds(
  session: Session,
  prompt: string | ArrayLike<number>,
  options: GenerateOptions = {},
): AsyncGenerator<number, Generation, void> {
  const { plan, executor, info } = session
  const { signal } = options
  const { maxTokens, sampling } = check(options)
  const prefill = programOf(plan, 'prefill')
  const tokens = plan.buffers.findIndex((b) => b.kind === 'tokens')
  if (!prefill || tokens < 0) throw new UnsupportedError('this model generates no tokens: use run()')
  checkAbort(signal)
  const started = performance.now()
  const how = session.flow?.generate
  // What a decoder may not begin with is known to `prefill` alone.
  const begins = how?.start !== undefined
  const prompted = idsOf(session, prompt, options)
  checkIds(prompted, info.vocab)
  // The prompt of an encoder, or none: the decoder starts from its own first ids.
  const ids = how?.start && (how.prompt || !prompted.length) ? [...how.start] : prompted
  // The buffer holds one id more than the context: the one that is sampled at its end.
  const context = Math.min(info.context, (plan.buffers[tokens]?.bytes ?? 0) / 4 - 1)
  const before = options.continue ? session.length : 0
  const length = before + ids.length
  if (!ids.length) throw new RangeError('the prompt is empty')
  if (length > context) throw new RangeError(`the prompt has ${length} tokens; the model takes ${context}`)

  const release = take(session)
  const stats: Generation = {
    ...{ reason: 'aborted', tokens: 0, promptTokens: ids.length, timeToFirstToken: 0, tokensPerSecond: 0 },
  }
  session.stats = stats
  session.length = 0
  const limit = Math.min(maxTokens, context + 1 - length)
  const queue: Promise<number>[] = []
  const readToken = async (program: string, step: Step): Promise<number> => {
    const at = (step.past + step.seq) * 4
    // Regions start at multiples of 256 for bindings only; a copy may start at any word.
    const [bytes] = await executor.run(program, step, [[tokens, at, 4]], signal)
    return new DataView(bytes!.buffer).getUint32(0, true)
  }
  const enqueue = (p: Promise<number>) => {
    // Seen when its turn comes; until then it is not unhandled.
    p.catch(() => {})
    queue.push(p)
  }
  /** Left in the queue until it is settled, so that `finally` waits for it. */
  const next = async (): Promise<number | undefined> => {
    const id = queue.length ? await orAbort(queue[0]!, signal) : undefined
    queue.shift()
    checkAbort(signal)
    return id
  }
  try {
    if (!options.continue) executor.forget?.()
    if (!options.continue && (how?.needs?.length || options.inputs)) {
      const own = how?.prompt && prompted.length ? { [how.prompt]: prompted } : {}
      await prepareStates(session, { ...own, ...options.inputs }, signal)
    }
    const decoder = programOf(plan, 'decode') ? 'decode' : 'prefill'
    // None in most models: their steps then need no object to look sizes up in.
    const sizes = Object.keys(session.sizes).length ? { ...session.sizes } : undefined
    await executor.prepare(['prefill', decoder])
    executor.write('prefill', tokens, before * 4, new Uint8Array(Uint32Array.from(ids).buffer))
    // The last token of a conversation was given out but not yet taken in.
    for (const [past, seq] of chunks(Math.max(before - 1, 0), length, prefill)) {
      await next()
      const sample = past + seq === length ? 1 : 0
      const read = readToken(seq === 1 && !begins ? decoder : 'prefill', {
        ...stepOf(seq, past, sizes),
        ...sampling,
        sample,
      })
      // A prompt that was given up in its last step was not taken in.
      enqueue(
        read.then((id) => {
          if (sample) session.length = length
          return id
        }),
      )
    }
    let first = 0
    for (let asked = 1; stats.tokens < limit; ) {
      while (asked < limit && queue.length < executor.ahead) {
        enqueue(readToken(decoder, { ...stepOf(1, length + asked - 1, sizes), ...sampling, sample: 1 }))
        asked++
      }
      const id = (await next())!
      if (id >= info.vocab) throw new IntegrityError(`the model gave token ${id}, beyond its vocabulary`)
      session.length++
      const now = performance.now()
      if (stats.tokens) stats.tokensPerSecond = (stats.tokens * 1000) / (now - first)
      else {
        first = now
        stats.timeToFirstToken = now - started
      }
      if (info.eos.includes(id)) {
        stats.reason = 'eos'
        stats.end = id
        return stats
      }
      stats.tokens++
      yield id
      checkAbort(signal)
    }
    stats.reason = limit < maxTokens ? 'context' : 'length'
    return stats
  } finally {
    await Promise.allSettled(queue)
    release()
  }
}

/** Yields text as soon as it is certain. Returns how it went. */
export async function* generate(
  session: Session,
  prompt: string | ArrayLike<number>,
  options: GenerateOptions = {},
): AsyncGenerator<string, Generation, void> {
  const { tokenizer } = session
  if (!tokenizer) throw new TypeError('the model was loaded without a tokenizer: use generateIds()')
  const ids = idsOf(session, prompt, options)
  const { start, prompt: read } = session.flow?.generate ?? {}
  // What the decoder goes on from: not what an encoder reads.
  const text = textStream((list) => tokenizer.decode(list), start && read ? [...start] : ids)
  const guard = stopAt(options.stop ?? [])
  const source = generateIds(session, ids, options)
  try {
    for (;;) {
      const { done, value } = await source.next()
      const piece = guard.push(done ? text.end() : text.push(value), !!done)
      if (piece) yield piece
      const stats = done ? value : (session.stats as Generation)
      if (guard.stopped) stats.reason = 'stop'
      if (done || guard.stopped) return stats
    }
  } finally {
    await source.return(undefined as never)
  }
}
