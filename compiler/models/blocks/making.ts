/** What every block of a graph is given, and the weights that blocks ask for. */

import type { Expr } from '../../../runtime/expr.js'
import type { Derived } from '../../import/derived.js'
import type { Builder } from '../../ir/builder.js'
import type { Graph } from '../../ir/graph.js'
import type { ModelOptions, ProgramSpec } from '../types.js'

/** A graph in the making. */
export interface Making {
  g: Builder
  /** Rows of activations: the tokens of a step. */
  rows: Expr
  /** A weight that is made from the files' tensors, or one of them (`stored`); its name. */
  derive(d: Derived): string
}

/** A making that notes in `derived` what was derived. */
export const making = (g: Builder, rows: Expr, derived: Map<string, Derived>): Making => ({
  g,
  rows,
  derive(d) {
    if (d.name !== d.sources[0]?.name) derived.set(d.name, d)
    return g.weight(d.name, d.shape)
  },
})

/**
 * A model's programs and their graphs. What is derived is noted by making those of `noting` once: by default all, else
 * programs that have every weight of the others.
 */
export function graphsOf(
  programs: ProgramSpec[],
  graph: (spec: ProgramSpec, derived: Map<string, Derived>) => Graph,
  noting = programs,
): { programs: ProgramSpec[]; derived: Derived[]; graph: (spec: ProgramSpec) => Graph } {
  const derived = new Map<string, Derived>()
  for (const program of noting) graph(program, derived)
  return { programs, derived: [...derived.values()], graph: (spec) => graph(spec, new Map()) }
}

/** The first of the prefixes under which the files have a tensor: exports differ in them. */
export const prefixOf = ({ has }: ModelOptions, tensor: string, prefixes: readonly string[]): string =>
  prefixes.find((prefix) => has(prefix + tensor)) ?? prefixes[0] ?? ''

/** A tensor that a node made, under another shape of as many elements; its name. */
export function viewed(g: Builder, tensor: string, shape: Expr[]): string {
  const t = g.graph.tensors.get(tensor)
  if (t) g.graph.tensors.set(tensor, { ...t, shape })
  return tensor
}
