/**
 * silu(gate) * up, each a linear of the same x → one linear with epilogue glu. The rows of gate and up
 * alternate, so that the epilogue finds its two operands side by side in a thread.
 */
import type { Graph, Node, Tensor } from '../ir/graph.js'
import { combineWeights, onlyUser, replaceNodes, users } from './rewrite.js'

const weightOf = (graph: Graph, node: Node): Tensor | undefined => graph.tensors.get(node.inputs.w ?? '')

const plain = (node: Node) => node.op === 'linear' && node.attrs.EPI === 'none'

export function fuseGlu(graph: Graph): Graph {
  const uses = users(graph)
  const changes = new Map<Node, Node[]>()
  const added: Tensor[] = []
  for (const gate of graph.nodes) {
    if (!plain(gate)) continue
    const silu = onlyUser(graph, uses, gate.outputs.y)
    if (silu?.op !== 'unary' || silu.attrs.OP !== 'silu') continue
    const product = onlyUser(graph, uses, silu.outputs.y)
    if (product?.op !== 'binary' || product.attrs.OP !== 'mul' || product.inputs.a !== silu.outputs.y)
      continue
    const up = graph.nodes.find(
      (n) => plain(n) && n.outputs.y === product.inputs.b && n.inputs.x === gate.inputs.x,
    )
    const weights = [weightOf(graph, gate), up && weightOf(graph, up)]
    if (!up || !weights[0] || !weights[1] || !onlyUser(graph, uses, up.outputs.y)) continue
    if (weights[0].shape[0] !== weights[1].shape[0]) continue
    const w = combineWeights(weights as Tensor[], 'interleave', `${gate.name}_up.weight`)
    added.push(w)
    for (const node of [gate, up, silu]) changes.set(node, [])
    const merged = { x: gate.inputs.x ?? '', w: w.name }
    changes.set(product, [
      {
        op: 'linear',
        name: product.name,
        inputs: merged,
        outputs: product.outputs,
        attrs: { EPI: 'glu', LDY: Number(weights[0].shape[0]) },
      },
    ])
  }
  return replaceNodes(graph, changes, added)
}
