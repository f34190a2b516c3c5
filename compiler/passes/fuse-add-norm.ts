/** The sum with a residual, then its RMSNorm → add_rmsnorm. Sums that a linear makes itself are not here any more. */
import type { Graph, Node } from '../ir/graph.js'
import { replaceNodes, users } from './rewrite.js'

export function fuseAddNorm(graph: Graph): Graph {
  const uses = users(graph)
  const changes = new Map<Node, Node[]>()
  for (const sum of graph.nodes) {
    if (sum.op !== 'binary' || sum.attrs.OP !== 'add' || sum.attrs.BCAST === true) continue
    const s = sum.outputs.y ?? ''
    // Of whole rows, all of them.
    const norm = uses
      .get(s)
      ?.find((n) => n.op === 'rmsnorm' && n.inputs.x === s && !n.attrs.LAST && n.attrs.D === undefined)
    if (!norm || graph.tensors.get(s)?.kind !== 'temp') continue
    const { a = '', b = '' } = sum.inputs
    const { g } = norm.inputs
    changes.set(norm, [])
    changes.set(sum, [
      {
        op: 'add_rmsnorm',
        name: norm.name,
        inputs: { x: a, r: b, ...(g !== undefined && { g }) },
        outputs: { s, y: norm.outputs.y ?? '' },
        attrs: { EPS: norm.attrs.EPS!, GAIN: norm.attrs.GAIN ?? true },
      },
    ])
  }
  return replaceNodes(graph, changes)
}
