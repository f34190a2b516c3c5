/** Text from a model's ids, as it comes. */
import { stopAt, textStream } from '../detokenize.js'
import type { Generation } from '../generate.js'
import { type TaskGenerateOptions, type TaskModel, tokenizerOf } from './model.js'

export interface StreamOptions extends TaskGenerateOptions {
  /** Ids that are not text: times, for one. */
  silent?: ((id: number) => boolean) | undefined
}

/** `Generation`, and the id that ended it, where one did. */
export type Ended = Generation & { end?: number }

/**
 * Yields text as soon as it is certain, and puts every id into `given`. Leaving the loop ends the generation.
 * Returns how it went.
 */
export async function* streamText(
  model: TaskModel,
  prompt: readonly number[],
  given: number[],
  { stop = [], silent, ...options }: StreamOptions = {},
): AsyncGenerator<string, Ended, void> {
  const tokenizer = tokenizerOf(model)
  const text = textStream((ids) => tokenizer.decode(ids), [...prompt])
  const guard = stopAt(stop)
  const source = model.generateIds(prompt, options)
  let last: Ended | undefined
  try {
    for (;;) {
      const { done, value } = await source.next()
      let piece = ''
      if (done) {
        last = value
        piece = text.end()
      } else {
        given.push(value)
        if (!silent?.(value)) piece = text.push(value)
      }
      const sure = guard.push(piece, !!done)
      if (sure) yield sure
      if (guard.stopped && !done) {
        await source.return(undefined as never)
        last = { ...EMPTY, ...model.stats, tokens: given.length, reason: 'stop' }
      }
      if (last) return guard.stopped ? { ...last, reason: 'stop' } : last
    }
  } finally {
    if (!last) await source.return(undefined as never)
  }
}

/** A generation that was left before it said how it goes. */
const EMPTY: Generation = {
  ...{ reason: 'aborted', tokens: 0, promptTokens: 0, timeToFirstToken: 0, tokensPerSecond: 0 },
}
