/** What the operators on the KV cache share: how it is stored, which keys a row sees, and test data. */
import { kvBytes, kvTypes } from '../formats/kv.js'
import type { KvType } from '../ir/graph.js'
import { F16_EPS, noise, num } from './common.js'
import type { Facts, StepValues } from './types.js'

export const KV_TYPES: Facts[] = kvTypes.map((KV) => ({ KV }))

/** Bytes of `n` elements of the KV cache. */
export const stateBytes = (n: number, facts: Facts): number =>
  (n / num(facts, 'HD')) * kvBytes(facts.KV as KvType, num(facts, 'HD'))

/**
 * Storing rounds once; f16 holds nothing below 2^-24. Quantising has a bound for each group, `kvStoreError`, which
 * tests add.
 */
export const storeError = (facts: Facts) =>
  facts.KV === 'f16' ? { abs: 2 ** -24, rel: F16_EPS } : { abs: 0, rel: 0 }

/** First position that the row at `position` sees: all before it, or a window that ends with it. */
export const firstSeen = (position: number, facts: Facts): number =>
  num(facts, 'WINDOW') > 0 ? Math.max(0, position + 1 - num(facts, 'WINDOW')) : 0

/** Keys that a row may see at most. */
export const mostSeen = (facts: Facts): number =>
  num(facts, 'WINDOW') > 0 ? Math.min(num(facts, 'C'), num(facts, 'WINDOW')) : num(facts, 'C')

/** Cache fill: noise where a step may read, NaN where nothing was written yet or a window has passed. */
export const cacheFill =
  (stream: number) =>
  (index: number, facts: Facts, step: StepValues): number => {
    const position = Math.floor(index / num(facts, 'HD')) % num(facts, 'C')
    const written = position < step.past + step.seq
    return written && position >= firstSeen(step.past, facts) ? noise(index, stream) : Number.NaN
  }

/** A score within (-SOFTCAP, SOFTCAP), if there is one (Gemma 2). */
export const capped = (score: number, facts: Facts): number => {
  const cap = num(facts, 'SOFTCAP')
  return cap > 0 ? cap * Math.tanh(score / cap) : score
}

/** Scores of a query at `at` with the keys at positions [from, to) of the cache of a head that starts at `cache`. */
export function scoresOf(
  q: Float64Array,
  k: Float64Array,
  at: number,
  cache: number,
  [from, to]: [from: number, to: number],
  facts: Facts,
): Float64Array {
  const HD = num(facts, 'HD')
  return Float64Array.from({ length: to - from }, (_, i) => {
    let sum = 0
    for (let d = 0; d < HD; d++) sum += q[at + d]! * k[cache + (from + i) * HD + d]!
    return capped(sum * num(facts, 'SCALE'), facts)
  })
}

/** Greatest score, e^(score - greatest) and their sum. */
export function softmaxParts(scores: Float64Array): { max: number; weights: Float64Array; total: number } {
  const max = scores.reduce((a, b) => Math.max(a, b), -Infinity)
  const weights = scores.map((s) => Math.exp(s - max))
  return { max, weights, total: weights.reduce((a, b) => a + b, 0) }
}
