/**
 * How the KV cache holds a head vector. f32 and f16: element by element. The others quantise: groups of
 * 32 along the vector (padded to whole groups), each one word of (f16 scale, f16 minimum) and a word a bit, and
 * an element is q * scale + minimum. Groups lie along a token, so that a token is stored without looking at others;
 * KIVI (Liu et al. 2024) finds 2-bit keys better off with groups along the tokens of a channel.
 *
 * A byte of a word holds bits of one element of each quad (4 neighbouring elements): q8 a quad a word; q4 two, the
 * first in the low nibbles; q2 four, from the low bits up; q3 as q2 its low bits, then a word with bit j of each byte
 * the high bit of quad j.
 */
import type { KvType } from '../ir/graph.js'
import { fromF16, toF16 } from './f16.js'

/** Elements that share a scale and a minimum. */
export const KV_GROUP = 32
const QUADS = KV_GROUP / 4

const BITS: Record<KvType, number> = { f32: 32, f16: 16, q8: 8, q4: 4, q3: 3, q2: 2 }

export const kvTypes = Object.keys(BITS) as KvType[]

/** Whether elements are quantised in groups. */
export const isKvGrouped = (type: KvType): boolean => BITS[type] < 16

/** Largest quantised value. */
export const kvLevels = (type: KvType): number => 2 ** BITS[type] - 1

/** Groups of a vector of `size` elements. */
const groups = (size: number): number => Math.ceil(size / KV_GROUP)

/** Bytes of a stored vector of `size` elements. */
export function kvBytes(type: KvType, size: number): number {
  return isKvGrouped(type) ? 4 * groups(size) * (1 + BITS[type]) : (size * BITS[type]) / 8
}

/** Pieces of an element of quad `quad`: the word after the group's first, how far up in a byte, which of its bits. */
function pieces(type: KvType, quad: number): { word: number; shift: number; from: number; bits: number }[] {
  const low = (bits: number) => {
    const inWord = 8 / bits
    return { word: Math.floor(quad / inWord), shift: (quad % inWord) * bits, from: 0, bits }
  }
  return type === 'q3' ? [low(2), { word: 2, shift: quad, from: 2, bits: 1 }] : [low(BITS[type])]
}

/** Bytes of vectors of `size` elements. A group with a NaN is NaN. */
export function encodeKv(type: KvType, values: Float64Array, size: number): Uint8Array {
  const count = values.length / size
  const bytes = new Uint8Array(count * kvBytes(type, size))
  const view = new DataView(bytes.buffer)
  const group = (from: number, to: number, at: number): void => {
    const part = values.subarray(from, to)
    const [low, high] = [Math.min(...part), Math.max(...part)]
    const [scale, min] = [toF16((high - low) / kvLevels(type)), toF16(low)]
    view.setUint16(at, scale, true)
    view.setUint16(at + 2, min, true)
    part.forEach((x, i) => {
      const steps = Math.round((x - fromF16(min)) / fromF16(scale))
      const q = Math.max(0, Math.min(kvLevels(type), steps || 0))
      for (const p of pieces(type, Math.floor(i / 4)))
        bytes[at + 4 + 4 * p.word + (i % 4)]! |= ((q >> p.from) & (2 ** p.bits - 1)) << p.shift
    })
  }
  for (let v = 0; v < count; v++)
    for (let g = 0; g < groups(size); g++) {
      const to = Math.min((g + 1) * KV_GROUP, size)
      group(v * size + g * KV_GROUP, v * size + to, v * kvBytes(type, size) + g * 4 * (1 + BITS[type]))
    }
  return bytes
}

/** Values of stored vectors of `size` elements. */
export function decodeKv(type: KvType, bytes: Uint8Array, size: number): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stride = kvBytes(type, size)
  return Float64Array.from({ length: (bytes.length / stride) * size }, (_, index) => {
    const d = index % size
    const at = Math.floor(index / size) * stride + Math.floor(d / KV_GROUP) * 4 * (1 + BITS[type])
    let q = 0
    for (const p of pieces(type, Math.floor(d / 4) % QUADS))
      q |= ((bytes[at + 4 + 4 * p.word + (d % 4)]! >> p.shift) & (2 ** p.bits - 1)) << p.from
    return q * fromF16(view.getUint16(at, true)) + fromF16(view.getUint16(at + 2, true))
  })
}

/**
 * Bound on the error of storing a group of these values: half a step, and what rounding scale and minimum to f16 (in
 * either direction) moves the ends by.
 */
export function kvStoreError(type: KvType, values: Float64Array): number {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const half = (high - low) / kvLevels(type) / 2
  return half + (high - low + Math.abs(low)) * 2 ** -10 + kvLevels(type) * 2 ** -24
}
