/**
 * Layout `panels`: what the C kernels read, for one row at a time (decode) and many (prefill) alike. Rows of
 * the matrix lie side by side in panels, so that a panel is one stream through memory and a vector holds
 * different rows: no sums across lanes.
 *
 * f32: panels of 8 rows, [k][8].
 * f16: panels of 8 rows: a header, then [k][8] halves.
 * q8, q4: panels of 16 rows: a header, then for each group of a row its blocks of 32 columns and 16 f16 scales.
 *   Values are stored unsigned (q + 128, q + 8). A block: for each 4 (q8) or 8 (q4) columns 64 bytes; byte 4r + j
 *   is of row r: column j; or in q4 column j in the low nibble, j + 4 in the high one.
 *
 * The header is 16 bytes and starts with an f32 multiplier. The bits of a half (a weight or a scale), shifted to
 * where a float32 has its exponent and mantissa, are a float; that times the multiplier is the value. The
 * halves of a panel are shifted up by a power of two, as far as the largest allows. This is exact, and it keeps
 * subnormal halves, which processors take up to 100 cycles for, out of the loops.
 */
import type { WeightFormatName } from '../ir/graph.js'
import { fromF16, toF16 } from './f16.js'
import { formats } from './formats.js'
import type { Canonical, Layout } from './types.js'

/** Columns of a block of q8 and q4; an activation's int8 block is as long. */
const BLOCK = 32
/** Bytes before a panel that has halves. */
const HEADER = 16

interface PanelCodec {
  rows: number
  /** Bytes of one panel. `kp` is k rounded up to the group. */
  bytes(kp: number, group: number): number
  /** Writes rows [from, from + rows) of `c` at `at`; those beyond the last are 0. */
  write(c: Canonical, from: number, out: DataView, at: number): void
  /** Value of row `r` of a panel, column `k`. */
  read(data: DataView, at: number, r: number, k: number, group: number): number
}

const f32Panel: PanelCodec = {
  rows: 8,
  bytes: (kp) => kp * 32,
  write({ rows, k, q }, from, out, at) {
    const to = new Float32Array(out.buffer, out.byteOffset + at, k * 8)
    for (let r = 0; r < 8 && from + r < rows; r++)
      for (let i = 0; i < k; i++) to[i * 8 + r] = q[(from + r) * k + i]!
  },
  read: (data, at, r, k) => data.getFloat32(at + (k * 8 + r) * 4, true),
}

/** Binary exponent of the largest finite half. */
const TOP_EXPONENT = 15
/** Between a float32 and the half whose bits lie in its exponent and mantissa. */
const REBIAS = 112

/** How far up the halves of a panel can be shifted. */
function shiftOf(halves: Uint16Array): number {
  let largest = 0
  for (const h of halves) if ((h & 0x7fff) > largest) largest = h & 0x7fff
  return largest ? TOP_EXPONENT - Math.floor(Math.log2(fromF16(largest))) : 0
}

/** The half times 2^shift. */
const shifted = (half: number, shift: number): number => toF16(fromF16(half) * 2 ** shift)

const writeHeader = (out: DataView, at: number, shift: number) =>
  out.setFloat32(at, 2 ** (REBIAS - shift), true)

/** A shifted half's value. */
const readHalf = (data: DataView, at: number, header: number): number =>
  fromF16(data.getUint16(at, true)) * data.getFloat32(header, true) * 2 ** -REBIAS

const f16Panel: PanelCodec = {
  rows: 8,
  bytes: (kp) => HEADER + kp * 16,
  write({ rows, k, q }, from, out, at) {
    const count = Math.min(8, rows - from)
    const halves = (q as Uint16Array).subarray(from * k, (from + count) * k)
    const shift = shiftOf(halves)
    writeHeader(out, at, shift)
    const to = new Uint16Array(out.buffer, out.byteOffset + at + HEADER, k * 8)
    for (let r = 0; r < count; r++)
      for (let i = 0; i < k; i++) to[i * 8 + r] = shifted(halves[r * k + i]!, shift)
  },
  read: (data, at, r, k) => readHalf(data, at + HEADER + (k * 8 + r) * 2, at),
}

/** Rows of a panel of q8 and q4. */
const ROWS = 16
/** f16 scales of a panel's rows. */
const SCALE_BYTES = ROWS * 2

/** `columns`: of a row in 4 bytes. `word(q, i)`: those from q[i] on, as they are stored. */
function quantisedPanel(columns: number, word: (q: Canonical['q'], i: number) => number): PanelCodec {
  const vectors = BLOCK / columns
  const blockBytes = ROWS * vectors * 4
  const groupBytes = (group: number) => (group / BLOCK) * blockBytes + SCALE_BYTES
  const empty = word(new Int8Array(columns), 0)
  const wordAt = (r: number, v: number) => (v * ROWS + r) * 4
  return {
    rows: ROWS,
    bytes: (kp, group) => HEADER + (kp / group) * groupBytes(group),
    write({ rows, kp, group, q, scale }, from, out, at) {
      const groups = kp / group
      const scales = scale!.subarray(from * groups, Math.min(from + ROWS, rows) * groups)
      const shift = shiftOf(scales)
      writeHeader(out, at, shift)
      at += HEADER
      for (let b = 0; b < kp; b += BLOCK, at += blockBytes) {
        for (let r = 0; r < ROWS; r++) {
          const row = (from + r) * kp + b
          const there = from + r < rows
          for (let v = 0; v < vectors; v++)
            out.setUint32(at + wordAt(r, v), there ? word(q, row + v * columns) : empty, true)
        }
        if ((b + BLOCK) % group !== 0) continue
        for (let r = 0, s = Math.floor(b / group); s < scales.length; r++, s += groups)
          out.setUint16(at + blockBytes + r * 2, shifted(scales[s]!, shift), true)
        at += SCALE_BYTES
      }
    },
    read(data, at, r, k, group) {
      const start = at + HEADER + Math.floor(k / group) * groupBytes(group)
      const block = start + Math.floor((k % group) / BLOCK) * blockBytes
      const v = Math.floor((k % BLOCK) / columns)
      const byte = data.getUint8(block + wordAt(r, v) + (k & 3))
      const q = columns === 4 ? byte - 128 : (k & 4 ? byte >> 4 : byte & 15) - 8
      return q * readHalf(data, start + (group / BLOCK) * blockBytes + r * 2, at)
    },
  }
}

/** Formats that the C kernels read. */
type PanelFormat = 'f32' | 'f16' | 'q8' | 'q4'

const codecs: Record<PanelFormat, PanelCodec> = {
  f32: f32Panel,
  f16: f16Panel,
  q8: quantisedPanel(4, (q, i) => {
    const bytes = (q[i]! & 255) | ((q[i + 1]! & 255) << 8) | ((q[i + 2]! & 255) << 16) | (q[i + 3]! << 24)
    return bytes ^ 0x80808080
  }),
  q4: quantisedPanel(8, (q, i) => {
    const low = (q[i]! & 15) | ((q[i + 1]! & 15) << 8) | ((q[i + 2]! & 15) << 16) | ((q[i + 3]! & 15) << 24)
    const high =
      (q[i + 4]! & 15) | ((q[i + 5]! & 15) << 8) | ((q[i + 6]! & 15) << 16) | ((q[i + 7]! & 15) << 24)
    return low ^ (high << 4) ^ 0x88888888
  }),
}

const padded = (format: WeightFormatName, k: number, group: number) =>
  formats[format].grouped ? Math.ceil(k / group) * group : k

/** The caller has looked at `formats`. */
const codecOf = (format: WeightFormatName) => codecs[format as PanelFormat]

const panels: Layout = {
  name: 'panels',
  formats: Object.keys(codecs) as PanelFormat[],
  rowBlock: 16,

  bytes(format, n, k, group) {
    const codec = codecOf(format)
    return { data: Math.ceil(n / codec.rows) * codec.bytes(padded(format, k, group), group), scale: 0 }
  },

  pack(format, block) {
    const codec = codecOf(format)
    const size = codec.bytes(block.kp, block.group)
    const data = new Uint8Array(Math.ceil(block.rows / codec.rows) * size)
    const view = new DataView(data.buffer)
    for (let from = 0, at = 0; from < block.rows; from += codec.rows, at += size)
      codec.write(block, from, view, at)
    return { data, scale: new Uint8Array(0) }
  },

  unpack(format, { data }, n, k, group) {
    const codec = codecOf(format)
    const size = codec.bytes(padded(format, k, group), group)
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    const out = new Float64Array(n * k)
    for (let row = 0; row < n; row++) {
      const at = Math.floor(row / codec.rows) * size
      for (let i = 0; i < k; i++) out[row * k + i] = codec.read(view, at, row % codec.rows, i, group)
    }
    return out
  },
}

export const cpuLayouts: Layout[] = [panels]
