/** A model family: how a config becomes dimensions, and dimensions a graph. One file each. */

import type { Expr } from '../../runtime/expr.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import type { Graph } from '../ir/graph.js'

/** One of the programs that a bundle holds for a model. */
export interface ProgramSpec {
  name: string
  /** Tokens a step: the symbol, or 1. */
  seq: Expr
  /** Largest value of `seq`. */
  maxSeq: number
  /** Logits of the last token, sampled on the device, or of every token, read back. */
  logits: 'last' | 'all'
}

export interface ModelOptions {
  /** Tokens the KV cache holds. */
  context: number
  /** Whether the model's files have a tensor (a preset has all). */
  has(name: string): boolean
}

/** A model read from its config: enough to make the graph of any of its programs. */
export interface Model {
  family: string
  vocab: number
  context: number
  /** Programs of the bundle, in order. */
  programs: ProgramSpec[]
  /** Weights of the graphs that are made from the files' tensors. */
  derived?: Derived[]
  graph(program: ProgramSpec): Graph
}

export interface ModelFamily {
  /** `model_type` in config.json. */
  family: string
  /** Other values of `model_type` that this file builds. */
  types?: string[]
  /** Names in `architectures` that this file builds. */
  architectures: string[]
  /** The most tokens a config allows. */
  maxContext(config: ConfigReader): number
  model(config: ConfigReader, options: ModelOptions): Model
}
