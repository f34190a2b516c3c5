/**
 * Layout `rows`: row after row, weights in the order of the matrix. What the WGSL kernels read, and every
 * kernel that picks single rows.
 */
import type { WeightFormatName } from '../ir/graph.js'
import { formats, roundUp } from './formats.js'
import type { Canonical, Layout, Packed } from './types.js'

/** A row ends at a multiple of 16 bytes: one vec4 of the kernels. */
const ROW_BYTES = 16

/** Columns stored for `k`: to the group, and to a whole vec4 of the shader. */
function padded(format: WeightFormatName, k: number, group: number): number {
  const { grouped, bits } = formats[format]
  return roundUp(grouped ? roundUp(k, group) : k, (ROW_BYTES * 8) / bits)
}

/** f16 scales lie two to a word; the last word of a block may be half empty. */
const scaleBytes = (scales: number) => roundUp(scales * 2, 4)

/** [rows, kp] to [rows, columns], zeros in the columns that are new. */
function padRows<T extends Canonical['q']>(c: Canonical, columns: number, make: (n: number) => T): T {
  if (columns === c.kp) return c.q as T
  const out = make(c.rows * columns)
  for (let row = 0; row < c.rows; row++) out.set(c.q.subarray(row * c.kp, (row + 1) * c.kp), row * columns)
  return out
}

const bytesOf = (a: Canonical['q']) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength)

/** Per eight weights a word: byte b holds weight b in its low, weight b + 4 in its high nibble, as q + 8. */
function packNibbles(q: Int8Array): Uint8Array {
  const out = new Uint8Array(q.length / 2)
  for (let i = 0, o = 0; i < q.length; i += 8)
    for (let b = 0; b < 4; b++) out[o++] = (q[i + b]! + 8) | ((q[i + b + 4]! + 8) << 4)
  return out
}

function unpackNibbles(data: Uint8Array): Int8Array {
  const q = new Int8Array(data.length * 2)
  for (let o = 0; o < data.length; o++) {
    const i = (o >> 2) * 8 + (o & 3)
    q[i] = (data[o]! & 15) - 8
    q[i + 4] = (data[o]! >> 4) - 8
  }
  return q
}

/** How each format's stored numbers become bytes, and back. */
const codecs: Record<
  WeightFormatName,
  { encode(c: Canonical, columns: number): Uint8Array; read(data: Uint8Array): Canonical['q'] }
> = {
  f32: {
    encode: (c, columns) => bytesOf(padRows(c, columns, (n) => new Float32Array(n))),
    read: (data) => new Float32Array(Uint8Array.from(data).buffer),
  },
  f16: {
    encode: (c, columns) => bytesOf(padRows(c, columns, (n) => new Uint16Array(n))),
    read: (data) => new Uint16Array(Uint8Array.from(data).buffer),
  },
  q8: {
    encode: (c, columns) => bytesOf(padRows(c, columns, (n) => new Int8Array(n))),
    read: (data) => new Int8Array(Uint8Array.from(data).buffer),
  },
  q4: {
    encode: (c, columns) => packNibbles(padRows(c, columns, (n) => new Int8Array(n))),
    read: unpackNibbles,
  },
}

function packScales(scale: Uint16Array | undefined): Uint8Array {
  if (!scale) return new Uint8Array(0)
  const out = new Uint8Array(scaleBytes(scale.length))
  out.set(new Uint8Array(scale.buffer, scale.byteOffset, scale.byteLength))
  return out
}

export const rowsLayout: Layout = {
  name: 'rows',
  formats: ['f32', 'f16', 'q8', 'q4'],
  // Two rows have an even number of scales, so that every block but the last ends on a whole word.
  rowBlock: 2,

  bytes(format, n, k, group) {
    const columns = padded(format, k, group)
    const { bits, grouped } = formats[format]
    return { data: (n * columns * bits) / 8, scale: grouped ? scaleBytes((n * columns) / group) : 0 }
  },

  pack(format, block): Packed {
    const columns = padded(format, block.k, block.group)
    return { data: codecs[format].encode(block, columns), scale: packScales(block.scale) }
  },

  unpack(format, { data, scale }, n, k, group) {
    const kp = padded(format, k, group)
    const q = codecs[format].read(data)
    const scales = new Uint16Array(
      Uint8Array.from(scale).buffer,
      0,
      formats[format].grouped ? (n * kp) / group : 0,
    )
    const all = formats[format].decode({ rows: n, k: kp, kp, group, q, scale: scales })
    const out = new Float64Array(n * k)
    for (let row = 0; row < n; row++) out.set(all.subarray(row * kp, row * kp + k), row * k)
    return out
  },
}
