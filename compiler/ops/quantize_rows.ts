/**
 * Activations as integers, for products with weights that have scales. Not a model's operator: selection puts it before
 * a template whose signature reads one of these types. Each language has its own; both have blocks of 32 columns,
 * whole groups of 128 (the largest group of a weight), 0 beyond K.
 *
 * `i8x32`, on the CPU: a block is 112 bytes (`lib/i8x32.h` declares the same).
 *
 * | byte | type    | name         | meaning |
 * | ---- | ------- | ------------ | ------- |
 * | 0    | i16[32] | wide         | 2^64 value / wide_scale, rounded; of each 8 columns in the order 0 2 4 6 1 3 5 7 |
 * | 64   | i8[32]  | narrow       | 2^64 value / narrow_scale, rounded; left alone without relaxed SIMD |
 * | 96   | f32     | wide_scale   | 2^64 largest magnitude / 32767 |
 * | 100  | f32     | wide_bias    | -8 times the sum of wide * wide_scale |
 * | 104  | f32     | narrow_scale | 2^64 largest magnitude / 127 |
 * | 108  | f32     | narrow_bias  | -8 times the sum of narrow * narrow_scale |
 *
 * Weights of eight bits meet the wide integers, those of fewer the narrow ones where relaxed SIMD multiplies bytes.
 * The factor 2^64 meets halves that are read as floats times 2^-112.
 *
 * `i8x4`, on the GPU: a row of B blocks is 10 B words (`lib/x_bytes.wgsl` reads them).
 *
 * | words      | type     | meaning |
 * | ---------- | -------- | ------- |
 * | 0 .. 8 B   | i8[32 B] | value / scale, rounded; four to a word, the first lowest |
 * | 8 B .. 9 B | f32[B]   | scale: largest magnitude / 127 |
 * | 9 B .. 10 B | i32[B]  | sum of the block's integers, for weights that are stored above what they mean |
 */
import { F32_EPS, num } from './common.js'
import type { OpCase, OpDef } from './types.js'

export const QUANTIZED_BLOCK = 32
export const QUANTIZED_BLOCK_BYTES = 112
/** Column `WIDE_ORDER[i]` of each 8 is the i-th. */
export const WIDE_ORDER = [0, 2, 4, 6, 1, 3, 5, 7] as const

/** Blocks of a row of K quantised activations, whatever the weights' group. */
export const quantizedBlocks = (K: number): number => Math.ceil(K / 128) * 4

/** Bytes of a row of K activations as `i8x32`. */
export const quantizedRowBytes = (K: number): number => quantizedBlocks(K) * QUANTIZED_BLOCK_BYTES

/** Bytes of a row of K activations as `i8x4`. */
export const byteRowBytes = (K: number): number => quantizedBlocks(K) * 40

/** The values of an `i8x32` row: the 16-bit ones, or the 8-bit ones. */
export function dequantizeRow(bytes: Uint8Array, K: number, which: 'wide' | 'narrow'): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Float64Array.from({ length: K }, (_, k) => {
    const at = Math.floor(k / QUANTIZED_BLOCK) * QUANTIZED_BLOCK_BYTES
    const i = k % QUANTIZED_BLOCK
    if (which === 'narrow') return view.getInt8(at + 64 + i) * view.getFloat32(at + 104, true) * 2 ** -64
    const place = i - (i % 8) + WIDE_ORDER.indexOf((i % 8) as (typeof WIDE_ORDER)[number])
    return view.getInt16(at + place * 2, true) * view.getFloat32(at + 96, true) * 2 ** -64
  })
}

/** The values of an `i8x4` row. */
export function dequantizeByteRow(bytes: Uint8Array, K: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const scales = quantizedBlocks(K) * QUANTIZED_BLOCK
  return Float64Array.from({ length: K }, (_, k) => {
    return view.getInt8(k) * view.getFloat32(scales + 4 * Math.floor(k / QUANTIZED_BLOCK), true)
  })
}

const at = (name: string, M: number, K: number, more: Partial<OpCase> = {}): OpCase => ({
  name,
  facts: { M, K },
  ...more,
})

export const quantize_rows: OpDef = {
  name: 'quantize_rows',
  doc: 'Rows as integers with a scale for each 32 columns; the values stay what they are.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'K'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'K'] },
  },
  attrs: {},
  reference({ x, y }) {
    y!.set(x!)
  },
  // Half a step of the largest value's 1/127, and the rounding of the scale. Below 1e-30 all is 0, above 1e16 the biases overflow.
  tolerance: () => ({ abs: 1e-30, rel: 1 / 254 + 4 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'K')
    return { flops: 4 * n, bytes: 4 * n + num(facts, 'M') * quantizedRowBytes(num(facts, 'K')) }
  },
  cases: [
    at('one value', 1, 1),
    at('a block', 1, 32),
    at('odd rows', 3, 173),
    at('whole groups', 2, 256),
    at('many groups', 3, 700),
    at('a quad more than a group', 2, 132),
    at('all zero', 2, 40, { fill: { x: () => 0 } }),
    at('one large value', 1, 64, { fill: { x: (i) => (i === 7 ? -1e4 : i / 64) } }),
    at('hardly more than zero', 1, 64, { fill: { x: (i) => i * 1e-36 } }),
    at('large', 1, 64, { fill: { x: (i) => (i - 32) * 1e14 } }),
  ],
}
