/**
 * How a weight is stored: a format says which numbers (bits, scales), a layout says in which order their
 * bits lie in memory. Every format is a row of `formats.ts`, every layout one of `layouts-*.ts`.
 */
import type { WeightFormatName } from '../ir/graph.js'

/** Some rows of a weight, quantised, in plain row-major order: what every layout packs. */
export interface Canonical {
  rows: number
  /** Columns of the model's matrix. */
  k: number
  /** Columns stored: k rounded up to a multiple of `group`; the padding is 0. */
  kp: number
  /** Weights that share a scale, kp where a row has one scale. 1 for a format without scales, where kp is k. */
  group: number
  /** [rows, kp]. f32: the values. f16: their bits. Else integers, signed (q4: -8..7) or from 0 on (q4a: 0..15). */
  q: Float32Array | Uint16Array | Int8Array | Uint8Array
  /** f16 bits, [rows, kp / group]; only where the format is grouped. */
  scale?: Uint16Array
  /** f16 bits, [rows, kp / group]: what is added; only where the format has a minimum. */
  min?: Uint16Array
}

/** How a format holds weights that a model's files hold quantised already, for `--bits keep`. */
export interface Kept {
  format: WeightFormatName
  /** Weights that share a scale. */
  group: number
  /**
   * exact: the same integers, the same scales. scales: the same integers, scales rounded to halves.
   * requantised: from the values.
   */
  how: 'exact' | 'scales' | 'requantised'
}

/** A row of the table of weight formats. */
export interface WeightFormat {
  name: WeightFormatName
  /** Bits a weight, without its scale. */
  bits: number
  /** Has a scale for each `group` of weights along a row. */
  grouped: boolean
  /** Has a minimum for each group beside its scale. */
  minimum: boolean
  /** Largest magnitude that can be stored; what is beyond would become infinite. */
  maxAbs: number
  /** `values` is row-major [rows, k]. `group` is one of GROUPS or WHOLE_ROW; ignored by a format without scales. */
  quantizeRows(values: Float32Array, rows: number, k: number, group: number): Canonical
  /** The stored values, exactly: [rows, k]. */
  decode(c: Canonical): Float64Array
}

/** Bytes of the two regions of a packed weight; `scale` is empty where the format has no scales. */
export interface Packed {
  data: Uint8Array
  scale: Uint8Array
}

/** A row of the table of layouts. */
export interface Layout {
  name: string
  /** Formats it can hold. */
  formats: readonly WeightFormatName[]
  /**
   * Rows that must be packed together. A matrix is packed in blocks of a multiple of this many rows, the last
   * one excepted, and the blocks' bytes lie one after the other in both regions: their lengths add up to
   * `bytes`. What a last, shorter block lacks, `pack` fills with zeros.
   */
  rowBlock: number
  /** Bytes of the regions of an [n, k] weight: multiples of 4. `scale` is 0 where the format has no scales. */
  bytes(format: WeightFormatName, n: number, k: number, group: number): { data: number; scale: number }
  /** Bytes of one block of rows, in arrays of their own. */
  pack(format: WeightFormatName, block: Canonical): Packed
  /** The values that the whole regions hold, [n, k], in float64: what a kernel must read from them. */
  unpack(format: WeightFormatName, packed: Packed, n: number, k: number, group: number): Float64Array
}
