/** A model family: how a config becomes dimensions, and dimensions a graph. One file each. */

import type { Expr } from '../../runtime/expr.js'
import type { Flow } from '../../runtime/format.js'
import type { ConfigReader } from '../import/config.js'
import type { Derived } from '../import/derived.js'
import type { Graph } from '../ir/graph.js'

/** One of the programs that a bundle holds for a model. */
export interface ProgramSpec {
  name: string
  /** Rows a step: the symbol, or how many there always are. */
  seq: Expr
  /** Largest value of `seq`. */
  maxSeq: number
  /** Of a decoder: logits of the last token, sampled on the device, or of every token, read back. */
  logits?: 'last' | 'all'
  /** Largest values of the sizes that its inputs bring, other than `seq`, or that another program leaves. */
  limits?: Record<string, number>
  /** Positions that its KV cache holds: longer inputs are taken in steps. Absent: one step takes all. */
  context?: number
  /** The part of the model it belongs to, which can be loaded by itself: `vision`. Default: `model`. */
  component?: string
}

export interface ModelOptions {
  /** Tokens the KV cache holds. */
  context: number
  /** generation_config.json. */
  generation?: ConfigReader
  /** preprocessor_config.json, or what processor_config.json says of sound. */
  preprocessor?: ConfigReader
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
  /** The graphs are fused as they are; passes that do so are left out. */
  fused?: boolean
  /** Weights of the graphs that are made from the files' tensors. */
  derived?: Derived[]
  graph(program: ProgramSpec): Graph
  /** How the inputs that callers give become the outputs they ask for. Absent: by the program `forward`. */
  flow?: Flow
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
  /** How many are taken unless it is said. Default: as many, up to 4096. */
  usualContext?(config: ConfigReader): number
  model(config: ConfigReader, options: ModelOptions): Model
}
