/** `wgc run --prompt`: text to stdout as it comes, or one JSON object at the end. */
import { textStream } from '../../runtime/detokenize.js'
import type { Generation, Model } from '../../runtime/index.js'
import { fail } from '../errors.js'
import { loadBundle } from './load-bundle.js'
import { jsonText, plural, tell } from './output.js'
import type { RunOptions } from './run.js'
import { switchedOff } from './without.js'

export async function runText(
  folder: string,
  prompt: string,
  options: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  const { backend, variant, threads, verbose, without } = options
  const request = { folder, backend, variant, threads, signal, verbose }
  const loaded = await loadBundle({ ...request, options: switchedOff(without) })
  const { model } = loaded
  try {
    const tokenizer = model.tokenizer ?? fail('WGC624', [], { place: { file: folder } })
    const prompted = promptIds(model, tokenizer.encode(prompt, { addSpecial: true }), options.bos)
    const decode = textStream((ids) => tokenizer.decode(ids), prompted)
    const ids: number[] = []
    let text = ''
    const give = (piece: string) => {
      text += piece
      if (!options.json) process.stdout.write(piece)
    }
    const { maxTokens, temperature, topK, topP, repetitionPenalty, seed } = options
    const generation = model.generateIds(prompted, {
      maxTokens,
      temperature,
      topK,
      topP,
      repetitionPenalty,
      seed,
      signal,
    })
    for await (const id of generation) {
      ids.push(id)
      give(decode.push(id))
    }
    give(decode.end())
    const stats = model.stats!
    const result = {
      ...{ text, ids },
      ...speed(stats),
      backend: loaded.backend,
      variant: model.variant,
      threads: Math.max(1, model.threads),
      why: loaded.why,
    }
    if (options.json) process.stdout.write(jsonText({ ...result, candidates: model.reasons }))
    else process.stdout.write('\n')
    if (!options.json && (verbose || process.stderr.isTTY)) tell(summary(result))
  } finally {
    model.destroy()
  }
}

/** The prompt's ids, once they are known to be of use. */
function promptIds({ info }: Model, encoded: number[], bos: boolean | undefined): number[] {
  const ids = bos && info.bos !== undefined && encoded[0] !== info.bos ? [info.bos, ...encoded] : encoded
  if (ids.length === 0) fail('WGC625', ['the prompt is empty'])
  if (ids.length > info.context)
    fail('WGC625', [`the prompt has ${plural(ids.length, 'token')}, the model takes ${info.context}`])
  return ids
}

interface Speed {
  promptTokens: number
  tokens: number
  /** eos: the model ended its text.  length: --max-tokens.  context: no room for more. */
  reason: Generation['reason']
  timeToFirstTokenMs: number
  tokensPerSecond: number
}

const round = (n: number) => Math.round(n * 100) / 100

const speed = (s: Generation): Speed => ({
  promptTokens: s.promptTokens,
  tokens: s.tokens,
  reason: s.reason,
  timeToFirstTokenMs: round(s.timeToFirstToken),
  tokensPerSecond: round(s.tokensPerSecond),
})

function summary(r: Speed & { backend: string; variant: string; threads: number; why: string }): string {
  return [
    `wgc: ${plural(r.tokens, 'token')}, ${r.tokensPerSecond} tokens/s, the first after ${r.timeToFirstTokenMs} ms`,
    `wgc: ${r.backend}, variant ${r.variant}${r.threads > 1 ? `, ${r.threads} threads` : ''}: ${r.why}`,
  ].join('\n')
}
