/**
 * Layout `rows`: row after row, weights in the order of the matrix. What the WGSL kernels read, and every
 * kernel that picks single rows.
 *
 * A row is whole words, a word being what a kernel reads at once: 16 bytes of f32, f16, q8 and q4, and of q3 and
 * q2 as many weights as of q4, 32 in 12 and 8 bytes. So nothing is stored beyond a group's end.
 */
import type { WeightFormatName } from '../ir/graph.js'
import { packNibbles, packPairs, packTriples, unpackNibbles, unpackPairs, unpackTriples } from './bits.js'
import { formats, roundUp } from './formats.js'
import { columnsOf } from './quantize.js'
import type { Canonical, Layout, Packed } from './types.js'

/** Bytes of a word of a format without groups; a group is whole words. */
const WORD_BYTES = 16

/** Columns stored for `k`: to the group, or to a word. */
function padded(format: WeightFormatName, k: number, group: number): number {
  const { grouped, bits } = formats[format]
  return roundUp(k, grouped ? columnsOf(group, k) : (WORD_BYTES * 8) / bits)
}

/** Halves for each group: its scale, and its minimum where it has one. They lie together, two to a word. */
const halvesOf = (format: WeightFormatName) => (formats[format].minimum ? 2 : 1)

/** The last word of a block of scales may be half empty. */
const scaleBytes = (format: WeightFormatName, groups: number) => roundUp(groups * halvesOf(format) * 2, 4)

/** [rows, kp] to [rows, columns], zeros in the columns that are new. */
function padRows<T extends Canonical['q']>(c: Canonical, columns: number, make: (n: number) => T): T {
  if (columns === c.kp) return c.q as T
  const out = make(c.rows * columns)
  for (let row = 0; row < c.rows; row++) out.set(c.q.subarray(row * c.kp, (row + 1) * c.kp), row * columns)
  return out
}

const bytesOf = (a: Canonical['q']) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength)

interface Codec {
  encode(c: Canonical, columns: number): Uint8Array
  read(data: Uint8Array): Canonical['q']
}

/** Integers of a few bits: stored as q + zero, so that none is negative. Rows are whole groups, hence words. */
const packed = (
  zero: number,
  pack: (q: Canonical['q'], zero: number) => Uint8Array,
  unpack: (data: Uint8Array, zero: number) => Int8Array,
): Codec => ({
  encode: (c) => pack(c.q, zero),
  read: (data) => unpack(data, zero),
})

/** How each format's stored numbers become bytes, and back. */
const codecs: Record<WeightFormatName, Codec> = {
  f32: {
    encode: (c, columns) => bytesOf(padRows(c, columns, (n) => new Float32Array(n))),
    read: (data) => new Float32Array(Uint8Array.from(data).buffer),
  },
  f16: {
    encode: (c, columns) => bytesOf(padRows(c, columns, (n) => new Uint16Array(n))),
    read: (data) => new Uint16Array(Uint8Array.from(data).buffer),
  },
  q8: { encode: (c) => bytesOf(c.q), read: (data) => new Int8Array(Uint8Array.from(data).buffer) },
  q8a: { encode: (c) => bytesOf(c.q), read: (data) => Uint8Array.from(data) },
  q4: packed(8, packNibbles, unpackNibbles),
  q4a: packed(0, packNibbles, unpackNibbles),
  q3: packed(4, packTriples, unpackTriples),
  q3a: packed(0, packTriples, unpackTriples),
  q2: packed(2, packPairs, unpackPairs),
  q2a: packed(0, packPairs, unpackPairs),
}

function packScales(format: WeightFormatName, { scale, min }: Canonical): Uint8Array {
  if (!scale) return new Uint8Array(0)
  const step = halvesOf(format)
  const out = new Uint16Array(scaleBytes(format, scale.length) / 2)
  for (let g = 0; g < scale.length; g++) out[g * step] = scale[g]!
  if (min) for (let g = 0; g < min.length; g++) out[g * step + 1] = min[g]!
  return bytesOf(out)
}

export const rowsLayout: Layout = {
  name: 'rows',
  formats: Object.keys(codecs) as WeightFormatName[],
  // Two rows have an even number of scales, so that every block but the last ends on a whole word.
  rowBlock: 2,

  bytes(format, n, k, group) {
    const columns = padded(format, k, group)
    const { bits, grouped } = formats[format]
    const groups = grouped ? (n * columns) / columnsOf(group, k) : 0
    return { data: (n * columns * bits) / 8, scale: scaleBytes(format, groups) }
  },

  pack(format, block): Packed {
    const columns = padded(format, block.k, block.group)
    return { data: codecs[format].encode(block, columns), scale: packScales(format, block) }
  },

  unpack(format, { data, scale }, n, k, group) {
    const kp = padded(format, k, group)
    const columns = formats[format].grouped ? columnsOf(group, k) : 1
    const halves = new Uint16Array(Uint8Array.from(scale).buffer)
    const step = halvesOf(format)
    const count = formats[format].grouped ? (n * kp) / columns : 0
    const every = (first: number) => Uint16Array.from({ length: count }, (_, g) => halves[g * step + first]!)
    const all = formats[format].decode({
      ...{ rows: n, k: kp, kp, group: columns, q: codecs[format].read(data), scale: every(0) },
      ...(formats[format].minimum && { min: every(1) }),
    })
    const out = new Float64Array(n * k)
    for (let row = 0; row < n; row++) out.set(all.subarray(row * kp, row * kp + k), row * k)
    return out
  },
}
