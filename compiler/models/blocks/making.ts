/** What every block of a graph is given, and the weights that blocks ask for. */

import type { Expr } from '../../../runtime/expr.js'
import type { Derived } from '../../import/derived.js'
import type { Builder } from '../../ir/builder.js'
import type { ModelOptions } from '../types.js'

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

/** The first of the prefixes under which the files have a tensor: exports differ in them. */
export const prefixOf = ({ has }: ModelOptions, tensor: string, prefixes: readonly string[]): string =>
  prefixes.find((prefix) => has(prefix + tensor)) ?? prefixes[0] ?? ''

/** A tensor that a node made, under another shape of as many elements; its name. */
export function viewed(g: Builder, tensor: string, shape: Expr[]): string {
  const t = g.graph.tensors.get(tensor)
  if (t) g.graph.tensors.set(tensor, { ...t, shape })
  return tensor
}
