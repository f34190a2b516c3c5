/**
 * An operator is one row: its ports, its shape rule, its float64 reference, its cost and its test cases.
 * Selection, the memory plan, the kernel tests and the benchmarks all read the same row.
 *
 * Names are shared by graph, templates and rows. A template's parameter that is called as a fact is set by
 * it; a port is called in a template as it is here.
 */
import type { Attr } from '../ir/graph.js'

/** Dimension, type and attribute values of one node: `{ M: 5, N: 64, K: 172, W: 'q4', G: 32, EPI: 'add' }`. */
export type Facts = Record<string, Attr>

/** What of the step uniform a reference may read. */
export interface StepValues {
  seq: number
  past: number
  seed: number
  top_k: number
  top_p: number
  temperature: number
  /** Of repetition; 1: none. */
  penalty: number
  sample: number
}

export interface PortSpec {
  role: 'in' | 'out' | 'inout'
  /** Expressions over facts: `['M', 'K']`, `['M', '(H + 2 * KVH) * HD']`. A lone name is bound by unification. */
  shape: string[]
  /** weight: stored in format W with groups of G. state: of type KV. Else f32, or u32 for ids. */
  kind: 'f32' | 'u32' | 'weight' | 'state'
  /** Condition on facts under which the port exists: `EPI == add`. */
  when?: string
}

/** Value of element `index` (row-major) of each named port in a test. Ports not named hold noise in [-1, 1). */
export type Fill = Record<string, (index: number, facts: Facts, step: StepValues) => number>

export interface OpCase {
  /** What is awkward about it. */
  name: string
  facts: Facts
  step?: Partial<StepValues>
  /** Values this case is about; wins over the operator's own `fill`. */
  fill?: Fill
}

export interface OpDef {
  name: string
  doc: string
  ports: Record<string, PortSpec>
  /** Attribute names that a node must give, with their default where there is one. */
  attrs: Record<string, Attr | undefined>
  /**
   * float64, from the definition, never from a kernel. Ports hold row-major values (weights decoded, states as
   * stored); outputs are written in place, and what the operator leaves alone stays as it was.
   */
  reference(ports: Record<string, Float64Array>, facts: Facts, step: StepValues): void
  /**
   * Bound on |kernel - reference| for an output element, from the types and the length of the sums: absolute,
   * plus relative to the largest output. Reads beside the facts what a variant adds: `E` (f16: products of
   * halves), `X` (i8: activations rounded to 8 bits).
   */
  tolerance(facts: Facts): { abs: number; rel: number }
  /** Arithmetic and memory traffic at given sizes (`W`, `G`, `KV`, `EPI` included, where the operator has them). */
  cost(facts: Facts): { flops: number; bytes: number }
  cases: OpCase[]
  /** What test data must obey for any case: ids that exist, a table of rotations. */
  fill?: Fill
}
