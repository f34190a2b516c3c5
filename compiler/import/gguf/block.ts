/** What the table of ggml's types is made of. */
import type { Kept } from '../../formats/types.js'

/** Integers with the scale and minimum of their groups: value = q * scale + min. */
export interface Parts {
  q: Int8Array
  scale: Float32Array
  /** Zeros where the type has no minimum. */
  min: Float32Array
}

/** Takes `count` blocks apart, which lie one after the other in `bytes`. */
export type Unpack = (bytes: Uint8Array, count: number, parts: Parts) => void

export interface Grouped {
  /** Weights of one scale. */
  group: number
  /** Has a minimum. */
  minimum?: boolean
  unpack: Unpack
}

export interface GgmlType {
  name: string
  /** Weights, and bytes, of a block. */
  block: number
  bytes: number
  /** float: a number an element. Undefined: a type that wgc doesn't read. */
  read?: 'float' | Grouped
  kept?: Kept
}
