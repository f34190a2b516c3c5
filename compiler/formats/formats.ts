/** The table of weight formats: bits stored, how they are chosen, and what they mean. */
import { fail } from '../errors.js'
import type { WeightFormatName } from '../ir/graph.js'
import { arrayFromF16, arrayToF16, F16_MAX, fromF16, toF16 } from './f16.js'
import type { Canonical, WeightFormat } from './types.js'

/** Weights of one format that may share a scale. */
export const GROUPS = [32, 64, 128] as const

/** `x` rounded to the nearest multiple of `to` from above. */
export const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to

/** Adding and taking it away rounds a small float64 to the nearest integer, ties to even. */
const ROUND = 1.5 * 2 ** 52

interface Quantiser {
  min: number
  max: number
  /** The scale before it is rounded to f16, from the group's value of largest magnitude (the first of several). */
  scaleOf(extreme: number): number
}

/** Symmetric quantisation in groups: value = q * scale. */
function quantizeGroups(
  { min, max, scaleOf }: Quantiser,
  values: Float32Array,
  rows: number,
  k: number,
  group: number,
): Canonical {
  const kp = roundUp(k, group)
  const q = new Int8Array(rows * kp)
  const scale = new Uint16Array((rows * kp) / group)
  let s = 0
  for (let row = 0; row < rows; row++) {
    const source = row * k
    const target = row * kp
    for (let from = 0; from < k; from += group) {
      const to = Math.min(from + group, k)
      let extreme = 0
      let magnitude = 0
      for (let i = source + from; i < source + to; i++) {
        const a = Math.abs(values[i]!)
        if (a > magnitude) {
          magnitude = a
          extreme = values[i]!
        }
      }
      const half = toF16(scaleOf(extreme))
      scale[s++] = half
      const step = fromF16(half)
      if (step === 0) continue
      const inverse = 1 / step
      for (let i = from; i < to; i++) {
        const x = values[source + i]! * inverse + ROUND - ROUND
        q[target + i] = x < min ? min : x > max ? max : x
      }
    }
  }
  return { rows, k, kp, group, q, scale }
}

function decodeGroups({ rows, k, kp, group, q, scale }: Canonical): Float64Array {
  const out = new Float64Array(rows * k)
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < k; i++)
      out[row * k + i] = q[row * kp + i]! * fromF16(scale![(row * kp) / group + Math.floor(i / group)]!)
  return out
}

function grouped(name: WeightFormatName, bits: number, quantiser: Quantiser): WeightFormat {
  return {
    name,
    bits,
    grouped: true,
    maxAbs: F16_MAX * Math.min(quantiser.max, -quantiser.min),
    quantizeRows: (values, rows, k, group) => quantizeGroups(quantiser, values, rows, k, group),
    decode: decodeGroups,
  }
}

/** Formats by name, widest first. */
export const formats: Record<WeightFormatName, WeightFormat> = {
  f32: {
    name: 'f32',
    bits: 32,
    grouped: false,
    maxAbs: Number.MAX_VALUE,
    quantizeRows: (values, rows, k) => ({ rows, k, kp: k, group: 1, q: values }),
    decode: (c) => Float64Array.from(c.q),
  },
  f16: {
    name: 'f16',
    bits: 16,
    grouped: false,
    maxAbs: F16_MAX,
    quantizeRows: (values, rows, k) => ({ rows, k, kp: k, group: 1, q: arrayToF16(values) }),
    decode: (c) => Float64Array.from(arrayFromF16(c.q as Uint16Array)),
  },
  /** Scale: largest magnitude / 127. */
  q8: grouped('q8', 8, { min: -127, max: 127, scaleOf: (x) => Math.abs(x) / 127 }),
  /** Scale: the value of largest magnitude / -8, so that this value itself is kept; as ggml's q4_0. */
  q4: grouped('q4', 4, { min: -8, max: 7, scaleOf: (x) => x / -8 }),
}

export const formatNames = Object.keys(formats) as WeightFormatName[]

/** The group size in effect: as asked for where the format has scales, else 1. */
export function groupOf(format: WeightFormatName, group: number | undefined): number {
  if (!formats[format].grouped) return 1
  if (!GROUPS.includes(group as (typeof GROUPS)[number]))
    fail('WGC901', [`format ${format} in groups of ${group}`])
  return group!
}
