/**
 * ggml's types of tensors, by number. A type that can be read says how a block comes apart: integers, the scale of
 * each group of them, and for some a minimum. What it lacks is known by size alone, so that files can be checked.
 * Source of numbers and sizes: ggml.h and ggml-common.h of https://github.com/ggml-org/ggml
 */

import type { Kept } from '../../formats/types.js'
import type { WeightFormatName } from '../../ir/graph.js'
import type { GgmlType, Grouped, Unpack } from './block.js'
import { unpackers } from './unpack.js'
import { superUnpackers } from './unpack-super.js'

const exact = (format: WeightFormatName, group = 32): Kept => ({ format, group, how: 'exact' })
const scales = (format: WeightFormatName): Kept => ({ format, group: 32, how: 'scales' })
const again = (format: WeightFormatName): Kept => ({ format, group: 32, how: 'requantised' })

const grouped = (group: number, unpack: Unpack): Grouped => ({ group, unpack })
const withMinimum = (group: number, unpack: Unpack): Grouped => ({ group, minimum: true, unpack })

const { q4_0, q4_1, q5_0, q5_1, q8_0, iq4_nl, mxfp4, nvfp4, q1_0, q2_0 } = unpackers
const { q2_K, q3_K, q4_K, q5_K, q6_K, iq4_xs, tq1_0, tq2_0 } = superUnpackers

/** By ggml's number. Where a wider format of wgc's holds a type's integers exactly, it is taken: 5 bits in 8. */
export const ggmlTypes: Readonly<Record<number, GgmlType>> = {
  0: { name: 'F32', block: 1, bytes: 4, read: 'float', kept: exact('f32', 1) },
  1: { name: 'F16', block: 1, bytes: 2, read: 'float', kept: exact('f16', 1) },
  2: { name: 'Q4_0', block: 32, bytes: 18, read: grouped(32, q4_0), kept: exact('q4') },
  3: { name: 'Q4_1', block: 32, bytes: 20, read: withMinimum(32, q4_1), kept: exact('q4a') },
  6: { name: 'Q5_0', block: 32, bytes: 22, read: grouped(32, q5_0), kept: exact('q8') },
  7: { name: 'Q5_1', block: 32, bytes: 24, read: withMinimum(32, q5_1), kept: exact('q8a') },
  8: { name: 'Q8_0', block: 32, bytes: 34, read: grouped(32, q8_0), kept: exact('q8') },
  9: { name: 'Q8_1', block: 32, bytes: 36 },
  10: { name: 'Q2_K', block: 256, bytes: 84, read: withMinimum(16, q2_K), kept: again('q4a') },
  11: { name: 'Q3_K', block: 256, bytes: 110, read: grouped(16, q3_K), kept: again('q4a') },
  12: { name: 'Q4_K', block: 256, bytes: 144, read: withMinimum(32, q4_K), kept: scales('q4a') },
  13: { name: 'Q5_K', block: 256, bytes: 176, read: withMinimum(32, q5_K), kept: scales('q8a') },
  14: { name: 'Q6_K', block: 256, bytes: 210, read: grouped(16, q6_K), kept: again('q8') },
  15: { name: 'Q8_K', block: 256, bytes: 292 },
  16: { name: 'IQ2_XXS', block: 256, bytes: 66 },
  17: { name: 'IQ2_XS', block: 256, bytes: 74 },
  18: { name: 'IQ3_XXS', block: 256, bytes: 98 },
  19: { name: 'IQ1_S', block: 256, bytes: 50 },
  20: { name: 'IQ4_NL', block: 32, bytes: 18, read: grouped(32, iq4_nl), kept: exact('q8') },
  21: { name: 'IQ3_S', block: 256, bytes: 110 },
  22: { name: 'IQ2_S', block: 256, bytes: 82 },
  23: { name: 'IQ4_XS', block: 256, bytes: 136, read: grouped(32, iq4_xs), kept: scales('q8') },
  24: { name: 'I8', block: 1, bytes: 1 },
  25: { name: 'I16', block: 1, bytes: 2 },
  26: { name: 'I32', block: 1, bytes: 4 },
  27: { name: 'I64', block: 1, bytes: 8 },
  28: {
    name: 'F64',
    block: 1,
    bytes: 8,
    read: 'float',
    kept: { format: 'f32', group: 1, how: 'requantised' },
  },
  29: { name: 'IQ1_M', block: 256, bytes: 56 },
  // A half has more digits than a bfloat16, but not its range: what is below 2^-14 is rounded.
  30: {
    name: 'BF16',
    block: 1,
    bytes: 2,
    read: 'float',
    kept: { format: 'f16', group: 1, how: 'requantised' },
  },
  34: { name: 'TQ1_0', block: 256, bytes: 54, read: grouped(256, tq1_0), kept: exact('q2', 128) },
  35: { name: 'TQ2_0', block: 256, bytes: 66, read: grouped(256, tq2_0), kept: exact('q2', 128) },
  39: { name: 'MXFP4', block: 32, bytes: 17, read: grouped(32, mxfp4), kept: scales('q8') },
  40: { name: 'NVFP4', block: 64, bytes: 36, read: grouped(16, nvfp4), kept: again('q8') },
  41: { name: 'Q1_0', block: 128, bytes: 18, read: grouped(128, q1_0), kept: exact('q2', 128) },
  42: { name: 'Q2_0', block: 64, bytes: 18, read: grouped(64, q2_0), kept: again('q4') },
}

export const readableTypes: string[] = Object.values(ggmlTypes)
  .filter((t) => t.read)
  .map((t) => t.name)
