/**
 * The graph: operators on tensors whose sizes may hold the symbols `seq` and `past`. Plain data; passes
 * take one and return one.
 */
import type { Expr } from '../../runtime/expr.js'

/** How a state, the KV cache, is stored: element by element, or quantised in groups (formats/kv.ts). */
export type KvType = 'f32' | 'f16' | 'q8' | 'q4' | 'q3' | 'q2'

/** What an element of an activation, state or input is. Weights have a format instead. */
export type DType = KvType | 'u32' | 'i8x32' | 'i8x4'

/** Bits, and `a` for asymmetric: with a minimum beside the scale. */
export type WeightFormatName = 'f32' | 'f16' | 'q8' | 'q4' | 'q3' | 'q2' | 'q8a' | 'q4a' | 'q3a' | 'q2a'

/** How a weight comes from the model's own tensors, and how it is to be stored. */
export interface WeightSpec {
  /** Names in the model file. All have the same number of columns. */
  sources: string[]
  /** stack: one below the other. interleave: row 0 of each, then row 1 of each … (gate, up). */
  combine: 'stack' | 'interleave'
  /** Rows [from, to) of the combined matrix: a piece of a weight too large for one binding. */
  rows: [from: number, to: number]
  /** Set by the precision pass. */
  format?: WeightFormatName
  /** Weights that share a scale, along a row; 0: the whole row. */
  group?: number
}

/**
 * input: given by the caller.  tokens: ids, those given and those sampled.  weight: from the model file.  const: computed by the compiler.
 * state: kept from step to step.  temp: made and used within a step.  output: read back.
 */
export type TensorKind = 'input' | 'tokens' | 'weight' | 'const' | 'state' | 'temp' | 'output'

export interface Tensor {
  name: string
  kind: TensorKind
  dtype: DType
  shape: Expr[]
  weight?: WeightSpec
  /** Values of a `const`, row-major. */
  data?: Float32Array
  /** Of an input or output: what the caller knows it by. */
  alias?: string
  /** Of an output: the shape that the caller sees, where it is another. */
  view?: Expr[]
}

export type Attr = number | string | boolean

export interface Node {
  /** Name in the op table. */
  op: string
  /** Where it is in the model: "layers.0.qkv". */
  name: string
  /** Port name to tensor name. */
  inputs: Record<string, string>
  outputs: Record<string, string>
  /** Facts that shapes don't tell: eps, heads, epilogue … */
  attrs: Record<string, Attr>
  /** Dimensions that no operand's shape gives: the M of an embedding. */
  sizes?: Record<string, Expr>
}

export interface Graph {
  name: string
  tensors: Map<string, Tensor>
  /** In an order that computes inputs first. */
  nodes: Node[]
  /** Largest value of `seq`. */
  maxSeq: number
  /** Largest values of the other sizes, by name. */
  sizes?: Record<string, number>
}

/** The largest value of every size, for planning. */
export const limitsOf = (graph: Graph): Record<string, number> => ({
  ...graph.sizes,
  seq: graph.maxSeq,
  past: 0,
})
