/** How weights become integers with a scale for each group, and what those stand for. */
import { fromF16, toF16 } from './f16.js'
import type { Canonical } from './types.js'

/** Group size that means: one scale for the whole row. */
export const WHOLE_ROW = 0

/** What a whole row is rounded up to, as if it were groups: no kernel reads less at once. */
const LEAST_GROUP = 32

/** `x` rounded to the nearest multiple of `to` from above. */
export const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to

/** Columns that share a scale in rows of k. */
export const columnsOf = (group: number, k: number): number =>
  group === WHOLE_ROW ? roundUp(k, LEAST_GROUP) : group

/** Adding and taking it away rounds a small float64 to the nearest integer, ties to even. */
const ROUND = 1.5 * 2 ** 52

/** Calls `each` for every group of every row: its number, where its values begin and end, where it is stored. */
function everyGroup(
  { rows, k, kp, group }: Canonical,
  each: (g: number, from: number, to: number, at: number) => void,
): void {
  let g = 0
  for (let row = 0; row < rows; row++)
    for (let from = 0; from < k; from += group)
      each(g++, row * k + from, row * k + Math.min(from + group, k), row * kp + from)
}

function empty<Q extends Canonical['q']>(
  rows: number,
  k: number,
  asked: number,
  make: (n: number) => Q,
): Canonical & { q: Q; scale: Uint16Array } {
  const group = columnsOf(asked, k)
  const kp = roundUp(k, group)
  return { rows, k, kp, group, q: make(rows * kp), scale: new Uint16Array((rows * kp) / group) }
}

export interface Symmetric {
  min: number
  max: number
  /** The scale before it is rounded to f16, from the group's value of largest magnitude (the first of several). */
  scaleOf(extreme: number): number
}

/** Symmetric quantisation in groups: value = q * scale. */
export function quantizeSymmetric(
  { min, max, scaleOf }: Symmetric,
  values: Float32Array,
  rows: number,
  k: number,
  group: number,
): Canonical {
  const out = empty(rows, k, group, (n) => new Int8Array(n))
  const { q, scale } = out
  everyGroup(out, (g, from, to, at) => {
    let extreme = 0
    let magnitude = 0
    for (let i = from; i < to; i++) {
      const a = Math.abs(values[i]!)
      if (a > magnitude) {
        magnitude = a
        extreme = values[i]!
      }
    }
    const half = toF16(scaleOf(extreme))
    scale[g] = half
    const step = fromF16(half)
    if (step === 0) return
    const inverse = 1 / step
    for (let i = from; i < to; i++, at++) {
      const x = values[i]! * inverse + ROUND - ROUND
      q[at] = x < min ? min : x > max ? max : x
    }
  })
  return out
}

/** Asymmetric quantisation in groups: value = q * scale + min, with q from 0 to `levels`. */
export function quantizeAsymmetric(
  levels: number,
  values: Float32Array,
  rows: number,
  k: number,
  group: number,
): Canonical {
  const out = empty(rows, k, group, (n) => new Uint8Array(n))
  const { q, scale } = out
  const min = new Uint16Array(scale.length)
  everyGroup(out, (g, from, to, at) => {
    let least = Number.POSITIVE_INFINITY
    let most = Number.NEGATIVE_INFINITY
    for (let i = from; i < to; i++) {
      const x = values[i]!
      if (x < least) least = x
      if (x > most) most = x
    }
    // Nothing but NaN, which has no place in any format, leaves zeros.
    min[g] = toF16(least <= most ? least : 0)
    // Steps are counted from the minimum that is stored; it may have been rounded to above all values.
    const base = fromF16(min[g]!)
    scale[g] = toF16(most > base ? (most - base) / levels : 0)
    const step = fromF16(scale[g]!)
    if (step === 0) return
    const inverse = 1 / step
    for (let i = from; i < to; i++, at++) {
      const x = (values[i]! - base) * inverse + ROUND - ROUND
      q[at] = Math.min(Math.max(x, 0), levels)
    }
  })
  return { ...out, min }
}

/** Values of either kind: [rows, k]. */
export function decodeGroups(c: Canonical): Float64Array {
  const { rows, k, q, scale, min } = c
  const out = new Float64Array(rows * k)
  everyGroup(c, (g, from, to, at) => {
    const step = fromF16(scale![g]!)
    // Adding -0 leaves a zero its sign, which a negative scale gives it.
    const base = min ? fromF16(min[g]!) : -0
    for (let i = from; i < to; i++, at++) out[i] = q[at]! * step + base
  })
  return out
}
