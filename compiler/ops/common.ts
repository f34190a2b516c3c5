/** What the operator rows share: reading facts, rounding, and how errors of sums grow. */
import { formats, GROUPS, WHOLE_ROW } from '../formats/formats.js'
import type { WeightFormatName } from '../ir/graph.js'
import type { Facts } from './types.js'

/** A fact that must be a number. */
export function num(facts: Facts, name: string): number {
  const value = facts[name]
  if (typeof value !== 'number') throw new TypeError(`fact ${name} is ${value}, not a number`)
  return value
}

/** Distance of neighbouring float32 numbers at 1. */
export const F32_EPS = 2 ** -23
export const F16_EPS = 2 ** -10

/**
 * Relative error of a sum of `k` products whose terms have random signs, against the largest of many such
 * sums. In the worst case |error| <= k eps sum|a b|; roundings are independent, so it grows as sqrt(k) eps
 * sum|a b| (Higham and Mary 2019), and sum|a b| is below sqrt(k) times the largest result. Hence k eps, and a
 * few eps for what is done to the sum afterwards.
 */
export function sumError(k: number, facts: Facts = {}): number {
  // Each of two factors, and their product, rounded to 11 bits.
  const halves = facts.E === 'f16' && facts.W !== undefined && facts.W !== 'f32' ? 4 * F16_EPS : 0
  // Steps of 1/127 of a group's largest value; half a step for each, as independent as the roundings.
  const bytes = facts.X === 'i8' ? 4 / 254 : 0
  // Stored numbers from 0 on and the minimum are each up to twice as large as the weights that they make.
  const parts = minimumOf(facts) ? 4 : 1
  // ACC: what sums are kept in.
  const eps = facts.ACC === 'f16' ? F16_EPS : F32_EPS
  return (k + 16) * eps * parts + halves + bytes
}

/** Whether weights have a minimum beside their scale. */
const minimumOf = ({ W }: Facts): boolean => formats[W as WeightFormatName]?.minimum ?? false

/** x / (1 + e^-x). */
export const silu = (x: number): number => x / (1 + Math.exp(-x))

/** Bytes of `n` stored weights, scales included; those of whole rows are too few to count. */
export function weightBytes(n: number, facts: Facts): number {
  const format = formats[(facts.W ?? 'f32') as WeightFormatName]
  const groups = format.grouped && facts.G !== WHOLE_ROW ? n / num(facts, 'G') : 0
  return (n * format.bits) / 8 + groups * (format.minimum ? 4 : 2)
}

/**
 * Every weight format. All group sizes where C kernels read them, and once with minima; elsewhere the smallest
 * and the whole row: kernels find scales in one way for all formats.
 */
export const WEIGHTS: Facts[] = [
  { W: 'f32', G: 32 },
  { W: 'f16', G: 32 },
  ...['q8', 'q4', 'q4a'].flatMap((W) => [...GROUPS, WHOLE_ROW].map((G) => ({ W, G }))),
  ...['q3', 'q2', 'q8a', 'q3a', 'q2a'].flatMap((W) => [32, WHOLE_ROW].map((G) => ({ W, G }))),
]

/** The cheapest of each format: for cases that are about sizes. */
export const WEIGHTS_32: Facts[] = WEIGHTS.filter((w) => w.G === 32)

/** `W=q4 G=64`: facts as part of a case's name. */
export const label = (facts: Facts): string =>
  Object.entries(facts)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

/** Rows that share a coarse angle of a rotary table. */
export const ROPE_FINE = 64

/** Shape of a rotary table for C positions: fine rows, then coarse ones, so that a longer table begins with a shorter. */
export const ROPE_SHAPE = ['ceil(C / 64) + 64', 'HD / 2', '2']

/** A rotary table of base 10000, as models have it. */
export function ropeTableValue(index: number, facts: Facts): number {
  const half = num(facts, 'HD') / 2
  const row = Math.floor(index / (2 * half))
  const i = Math.floor(index / 2) % half
  const position = row < ROPE_FINE ? row : (row - ROPE_FINE) * ROPE_FINE
  const angle = position * 10000 ** (-i / half)
  return index % 2 === 0 ? Math.cos(angle) : Math.sin(angle)
}

/** cos and sin of pair `i` at a position: the complex product of a coarse and a fine row. */
export function rotation(
  table: Float64Array,
  position: number,
  i: number,
  facts: Facts,
): [cos: number, sin: number] {
  const half = num(facts, 'HD') / 2
  const coarse = 2 * ((ROPE_FINE + Math.floor(position / ROPE_FINE)) * half + i)
  const fine = 2 * ((position % ROPE_FINE) * half + i)
  const [c1, s1, c2, s2] = [table[coarse]!, table[coarse + 1]!, table[fine]!, table[fine + 1]!]
  return [c1 * c2 - s1 * s2, s1 * c2 + c1 * s2]
}

/** Noise in [-1, 1), a function of its arguments alone: multiples of 2^-12, so f16 can't hold them all. */
export function noise(index: number, stream: number): number {
  let h = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (((h ^ (h >>> 16)) >>> 19) - 4096) / 4096
}
