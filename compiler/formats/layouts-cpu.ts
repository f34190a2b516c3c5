/**
 * Layout `panels`: what the C kernels read, for one row at a time (decode) and many (prefill) alike. Rows of
 * the matrix lie side by side in panels, so that a panel is one stream through memory and a vector holds
 * different rows: no sums across lanes.
 *
 * f32: panels of 8 rows, [k][8].
 * f16: panels of 8 rows: a header, then [k][8] halves.
 * The others: panels of 16 rows: a header, then for each group of a row its blocks of 32 columns, 16 f16 scales and,
 *   where the format has them, 16 f16 minima. A row with one scale is one group, up to a multiple of 32. Values are
 *   stored unsigned (q8: q + 128, q4: q + 8, q3: q + 4, q2: q + 2). A row has as many words of a block as a weight has
 *   bits; the rows' first words lie side by side, then their second ones. Byte j of a word is of columns j, j + 4 … of
 *   those that the word holds, low bits first (bits.ts).
 *
 * The header is 16 bytes and starts with an f32 multiplier. The bits of a half (a weight, a scale or a minimum), shifted to
 * where a float32 has its exponent and mantissa, are a float; that times the multiplier is the value. The
 * halves of a panel are shifted up by a power of two, as far as the largest allows. This is exact, and it keeps
 * subnormal halves, which processors take up to 100 cycles for, out of the loops.
 */
import type { WeightFormatName } from '../ir/graph.js'
import { packNibbles, packPairs, packTriples } from './bits.js'
import { fromF16, toF16 } from './f16.js'
import { formats, roundUp } from './formats.js'
import { columnsOf } from './quantize.js'
import type { Canonical, Layout } from './types.js'

/** Columns of a block of weights that have scales; an activation's int8 block is as long. */
const BLOCK = 32
/** Bytes before a panel that has halves. */
const HEADER = 16

interface PanelCodec {
  rows: number
  /** Bytes of one panel. `kp` is k rounded up to the group, which here is never 0. */
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
function shiftOf(...halves: Uint16Array[]): number {
  let largest = 0
  for (const all of halves) for (const h of all) if ((h & 0x7fff) > largest) largest = h & 0x7fff
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

/** Rows of a panel of weights that have scales. */
const ROWS = 16
/** f16 scales of a panel's rows, or their minima. */
const SCALE_BYTES = ROWS * 2

/** How weights of so many bits lie in words. */
interface Bits {
  pack(q: Canonical['q'], zero: number): Uint8Array
  /** What is stored for column i of a block; `byte(v)`: the byte that may hold it of the row's v-th word. */
  stored(byte: (v: number) => number, i: number): number
}

const bitsOf: Record<number, Bits> = {
  8: {
    pack(q, zero) {
      const out = new Uint8Array(q.length)
      for (let i = 0; i < q.length; i++) out[i] = q[i]! + zero
      return out
    },
    stored: (byte, i) => byte(i >> 2),
  },
  4: { pack: packNibbles, stored: (byte, i) => (byte(i >> 3) >> (i & 4)) & 15 },
  3: {
    pack: packTriples,
    stored(byte, i) {
      const four = i >> 2
      if (four < 6) return (byte(four >> 1) >> (3 * (four & 1))) & 7
      return (byte(four - 6) >> 6) | ((byte(2) >> (four - 2)) & 4)
    },
  },
  2: { pack: packPairs, stored: (byte, i) => (byte(i >> 4) >> (2 * ((i >> 2) & 3))) & 3 },
}

/** The halves of some rows, of the scales and of the minima. */
const halvesOf = ({ rows, kp, group, scale, min }: Canonical, from: number): Uint16Array[] =>
  [scale!, ...(min ? [min] : [])].map((h) =>
    h.subarray((from * kp) / group, (Math.min(from + ROWS, rows) * kp) / group),
  )

function quantisedPanel(format: WeightFormatName): PanelCodec {
  const { bits, minimum } = formats[format]
  const { pack, stored } = bitsOf[bits]!
  const zero = minimum ? 0 : 2 ** (bits - 1)
  const blockBytes = ROWS * bits * 4
  const blocksBytes = (group: number) => (group / BLOCK) * blockBytes
  const groupBytes = (group: number) => blocksBytes(group) + SCALE_BYTES * (minimum ? 2 : 1)
  return {
    rows: ROWS,
    bytes: (kp, group) => HEADER + (kp / group) * groupBytes(group),
    write(c, from, out, at) {
      const { rows, kp, group, q } = c
      const groups = kp / group
      const halves = halvesOf(c, from)
      const shift = shiftOf(...halves)
      writeHeader(out, at, shift)
      at += HEADER
      const there = q.subarray(from * kp, Math.min(from + ROWS, rows) * kp)
      const all = minimum ? new Uint8Array(ROWS * kp) : new Int8Array(ROWS * kp)
      all.set(there)
      const words = new Uint32Array(pack(all, zero).buffer)
      const perRow = (kp / BLOCK) * bits
      for (let b = 0; b < kp; b += BLOCK, at += blockBytes) {
        for (let r = 0; r < ROWS; r++)
          for (let v = 0; v < bits; v++)
            out.setUint32(at + (v * ROWS + r) * 4, words[r * perRow + (b / BLOCK) * bits + v]!, true)
        if ((b + BLOCK) % group !== 0) continue
        for (const h of halves) {
          for (let r = 0, s = Math.floor(b / group); s < h.length; r++, s += groups)
            out.setUint16(at + blockBytes + r * 2, shifted(h[s]!, shift), true)
          at += SCALE_BYTES
        }
      }
    },
    read(data, at, r, k, group) {
      const start = at + HEADER + Math.floor(k / group) * groupBytes(group)
      const block = start + Math.floor((k % group) / BLOCK) * blockBytes
      const byte = (v: number) => data.getUint8(block + (v * ROWS + r) * 4 + (k & 3))
      const half = start + blocksBytes(group) + r * 2
      const value = (stored(byte, k % BLOCK) - zero) * readHalf(data, half, at)
      return minimum ? value + readHalf(data, half + SCALE_BYTES, at) : value
    },
  }
}

const codecs = Object.fromEntries(
  Object.values(formats).map(({ name, grouped }) => [
    name,
    grouped ? quantisedPanel(name) : name === 'f32' ? f32Panel : f16Panel,
  ]),
) as Record<WeightFormatName, PanelCodec>

/** Columns that share a scale, and those stored: k rounded up to that. */
function columns(format: WeightFormatName, k: number, group: number): { group: number; kp: number } {
  const shared = formats[format].grouped ? columnsOf(group, k) : 1
  return { group: shared, kp: roundUp(k, shared) }
}

const panels: Layout = {
  name: 'panels',
  formats: Object.keys(codecs) as WeightFormatName[],
  rowBlock: 16,

  bytes(format, n, k, asked) {
    const { group, kp } = columns(format, k, asked)
    const codec = codecs[format]
    return { data: Math.ceil(n / codec.rows) * codec.bytes(kp, group), scale: 0 }
  },

  pack(format, block) {
    const codec = codecs[format]
    const size = codec.bytes(block.kp, block.group)
    const data = new Uint8Array(Math.ceil(block.rows / codec.rows) * size)
    const view = new DataView(data.buffer)
    for (let from = 0, at = 0; from < block.rows; from += codec.rows, at += size)
      codec.write(block, from, view, at)
    return { data, scale: new Uint8Array(0) }
  },

  unpack(format, { data }, n, k, asked) {
    const { group, kp } = columns(format, k, asked)
    const codec = codecs[format]
    const size = codec.bytes(kp, group)
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
