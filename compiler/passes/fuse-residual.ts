/** linear, then the sum with a residual → linear with epilogue add. */
import type { Graph, Node } from '../ir/graph.js'
import { makers, onlyUser, replaceNodes, users } from './rewrite.js'

export function fuseResidual(graph: Graph): Graph {
  const uses = users(graph)
  const made = makers(graph)
  const changes = new Map<Node, Node[]>()
  for (const sum of graph.nodes) {
    if (sum.op !== 'binary' || sum.attrs.OP !== 'add' || sum.attrs.BCAST === true) continue
    const port = ['a', 'b'].find((p) => {
      const maker = made.get(sum.inputs[p] ?? '')
      return (
        maker?.op === 'linear' && maker.attrs.EPI === 'none' && onlyUser(graph, uses, sum.inputs[p]) === sum
      )
    })
    if (!port) continue
    const linear = made.get(sum.inputs[port] ?? '') as Node
    const r = sum.inputs[port === 'a' ? 'b' : 'a'] ?? ''
    changes.set(linear, [])
    changes.set(sum, [
      {
        ...linear,
        name: sum.name,
        inputs: { ...linear.inputs, r },
        outputs: sum.outputs,
        attrs: { ...linear.attrs, EPI: 'add' },
      },
    ])
  }
  return replaceNodes(graph, changes)
}
