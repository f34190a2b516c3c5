/**
 * The norm of one row, and the products that read it → products that norm what they read. Where there is one row the
 * norm is a dispatch of a few microseconds beside as many of memory traffic in the product, which sees all of x anyway.
 */
import type { Graph, Node } from '../ir/graph.js'
import { replaceNodes, users } from './rewrite.js'

export interface PrologueOptions {
  /** Put small operators of one row into the kernels that read what they make: where starting a kernel costs more. */
  prologues?: boolean
}

/** Products that read a norm, each of which then norms by itself. */
const MOST_READERS = 4

const isLinear = ({ op, inputs }: Node, x: string) =>
  op === 'linear' && Object.values(inputs).filter((name) => name === x).length === 1 && inputs.x === x

export function normLinear(graph: Graph, { prologues }: PrologueOptions): Graph {
  if (!prologues) return graph
  const uses = users(graph)
  const changes = new Map<Node, Node[]>()
  for (const norm of graph.nodes) {
    if (norm.op !== 'rmsnorm') continue
    const [x, y] = [graph.tensors.get(norm.inputs.x ?? ''), graph.tensors.get(norm.outputs.y ?? '')]
    // One row, all of it: LAST names the last of one.
    const isRow = (t: typeof x) => t?.shape.length === 2 && t.shape[0] === 1
    if (!x || y?.kind !== 'temp' || !isRow(x) || !isRow(y) || x.shape[1] !== y.shape[1]) continue
    if (!Object.values(norm.sizes ?? {}).every((rows) => rows === 1)) continue
    if (norm.attrs.D !== undefined && norm.attrs.D !== x.shape[1]) continue
    const readers = uses.get(y.name) ?? []
    if (readers.length === 0 || readers.length > MOST_READERS) continue
    if (!readers.every((n) => isLinear(n, y.name) && !n.sizes && !changes.has(n))) continue
    const { g } = norm.inputs
    changes.set(norm, [])
    for (const linear of readers)
      changes.set(linear, [
        {
          ...linear,
          op: 'norm_linear',
          inputs: { ...linear.inputs, x: x.name, ...(g !== undefined && { g }) },
          attrs: { ...linear.attrs, EPS: norm.attrs.EPS!, GAIN: norm.attrs.GAIN ?? true },
        },
      ])
  }
  return replaceNodes(graph, changes)
}
