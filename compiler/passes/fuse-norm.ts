/** rmsnorm, then a product with a row of gains → rmsnorm with gain. */
import type { Graph, Node } from '../ir/graph.js'
import { onlyUser, replaceNodes, users } from './rewrite.js'

export function fuseNorm(graph: Graph): Graph {
  const uses = users(graph)
  const changes = new Map<Node, Node[]>()
  for (const norm of graph.nodes) {
    if (norm.op !== 'rmsnorm' || norm.attrs.GAIN !== false) continue
    const scale = onlyUser(graph, uses, norm.outputs.y)
    if (scale?.op !== 'binary' || scale.attrs.OP !== 'mul' || scale.attrs.BCAST !== true) continue
    if (scale.inputs.a !== norm.outputs.y) continue
    const g = scale.inputs.b ?? ''
    changes.set(norm, [])
    changes.set(scale, [
      {
        ...norm,
        inputs: { ...norm.inputs, g },
        outputs: { ...scale.outputs },
        attrs: { ...norm.attrs, GAIN: true },
      },
    ])
  }
  return replaceNodes(graph, changes)
}
