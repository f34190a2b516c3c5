/** The table of weight formats: bits stored, how they are chosen, and what they mean. */
import { fail } from '../errors.js'
import type { WeightFormatName } from '../ir/graph.js'
import { arrayFromF16, arrayToF16, F16_MAX } from './f16.js'
import {
  decodeGroups,
  quantizeAsymmetric,
  quantizeSymmetric,
  roundUp,
  type Symmetric,
  WHOLE_ROW,
} from './quantize.js'
import type { WeightFormat } from './types.js'

export { roundUp, WHOLE_ROW }

/** Weights of one format that may share a scale; or WHOLE_ROW. */
export const GROUPS = [32, 64, 128] as const

function symmetric(name: WeightFormatName, bits: number, quantiser: Symmetric): WeightFormat {
  return {
    name,
    bits,
    grouped: true,
    minimum: false,
    maxAbs: F16_MAX * Math.min(quantiser.max, -quantiser.min),
    quantizeRows: (values, rows, k, group) => quantizeSymmetric(quantiser, values, rows, k, group),
    decode: decodeGroups,
  }
}

/**
 * Scale: the value of largest magnitude over the integer of largest magnitude, a negative one, so that this
 * value itself is kept; as ggml's q4_0.
 */
function signed(name: WeightFormatName, bits: number): WeightFormat {
  const least = -(2 ** (bits - 1))
  return symmetric(name, bits, { min: least, max: -least - 1, scaleOf: (x) => x / least })
}

/** From the least value of a group, which is kept, to the largest in 2^bits - 1 steps; as ggml's q4_1. */
function asymmetric(name: WeightFormatName, bits: number): WeightFormat {
  return {
    name,
    bits,
    grouped: true,
    minimum: true,
    // Between the least and the largest lie at least three steps, so that their scale is finite too.
    maxAbs: F16_MAX,
    quantizeRows: (values, rows, k, group) => quantizeAsymmetric(2 ** bits - 1, values, rows, k, group),
    decode: decodeGroups,
  }
}

/** Formats by name, widest first. */
export const formats: Record<WeightFormatName, WeightFormat> = {
  f32: {
    name: 'f32',
    bits: 32,
    grouped: false,
    minimum: false,
    maxAbs: Number.MAX_VALUE,
    quantizeRows: (values, rows, k) => ({ rows, k, kp: k, group: 1, q: values }),
    decode: (c) => Float64Array.from(c.q),
  },
  f16: {
    name: 'f16',
    bits: 16,
    grouped: false,
    minimum: false,
    maxAbs: F16_MAX,
    quantizeRows: (values, rows, k) => ({ rows, k, kp: k, group: 1, q: arrayToF16(values) }),
    decode: (c) => Float64Array.from(arrayFromF16(c.q as Uint16Array)),
  },
  /** Scale: largest magnitude / 127. */
  q8: symmetric('q8', 8, { min: -127, max: 127, scaleOf: (x) => Math.abs(x) / 127 }),
  q8a: asymmetric('q8a', 8),
  q4: signed('q4', 4),
  q4a: asymmetric('q4a', 4),
  q3: signed('q3', 3),
  q3a: asymmetric('q3a', 3),
  q2: signed('q2', 2),
  q2a: asymmetric('q2a', 2),
}

export const formatNames = Object.keys(formats) as WeightFormatName[]

/** The group size in effect: as asked for where the format has scales, else 1. */
export function groupOf(format: WeightFormatName, group: number | undefined): number {
  if (!formats[format].grouped) return 1
  if (group !== WHOLE_ROW && !GROUPS.includes(group as (typeof GROUPS)[number]))
    fail('WGC901', [`format ${format} in groups of ${group}`])
  return group!
}
