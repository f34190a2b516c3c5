/** linear, then an activation of its sums → linear with that activation. */
import type { Graph, Node } from '../ir/graph.js'
import { activationNames } from '../ops/activations.js'
import { isProduct, makers, onlyUser, replaceNodes, users } from './rewrite.js'

export function fuseAct(graph: Graph): Graph {
  const uses = users(graph)
  const made = makers(graph)
  const changes = new Map<Node, Node[]>()
  for (const act of graph.nodes) {
    if (act.op !== 'unary' || !(activationNames as readonly unknown[]).includes(act.attrs.OP)) continue
    const linear = made.get(act.inputs.x ?? '')
    if (!linear || !isProduct(linear) || onlyUser(graph, uses, linear.outputs.y) !== act) continue
    changes.set(linear, [])
    changes.set(act, [{ ...linear, outputs: act.outputs, attrs: { ...linear.attrs, ACT: act.attrs.OP! } }])
  }
  return replaceNodes(graph, changes)
}
