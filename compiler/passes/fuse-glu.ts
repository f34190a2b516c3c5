/**
 * act(gate) * up, as SwiGLU and GeGLU have it, each a linear of the same x → one linear with epilogue glu. The
 * rows of gate and up alternate, so that the epilogue finds its two operands side by side in a thread.
 */
import type { Graph, Node, Tensor } from '../ir/graph.js'
import { activationNames } from '../ops/activations.js'
import { biasedAlike, combineProducts, isProduct, onlyUser, replaceNodes, users } from './rewrite.js'

const weightOf = (graph: Graph, node: Node): Tensor | undefined => graph.tensors.get(node.inputs.w ?? '')

const activates = ({ op, attrs }: Node) =>
  op === 'unary' && (activationNames as readonly unknown[]).includes(attrs.OP)

export function fuseGlu(graph: Graph): Graph {
  const uses = users(graph)
  const changes = new Map<Node, Node[]>()
  const added: Tensor[] = []
  for (const gate of graph.nodes) {
    if (!isProduct(gate)) continue
    const act = onlyUser(graph, uses, gate.outputs.y)
    if (!act || !activates(act)) continue
    const product = onlyUser(graph, uses, act.outputs.y)
    if (product?.op !== 'binary' || product.attrs.OP !== 'mul' || product.inputs.a !== act.outputs.y) continue
    const up = graph.nodes.find(
      (n) => isProduct(n) && n.outputs.y === product.inputs.b && n.inputs.x === gate.inputs.x,
    )
    const weights = [weightOf(graph, gate), up && weightOf(graph, up)]
    if (!up || !weights[0] || !weights[1] || !onlyUser(graph, uses, up.outputs.y)) continue
    if (weights[0].shape[0] !== weights[1].shape[0] || !biasedAlike([gate, up])) continue
    const { inputs, biased, tensors } = combineProducts(graph, [gate, up], 'interleave', `${gate.name}_up`)
    added.push(...tensors)
    for (const node of [gate, up, act]) changes.set(node, [])
    changes.set(product, [
      {
        op: 'linear',
        name: product.name,
        inputs,
        outputs: product.outputs,
        attrs: {
          EPI: 'glu',
          ACT: act.attrs.OP as string,
          BIAS: biased,
          LDY: Number(weights[0].shape[0]),
        },
      },
    ])
  }
  return replaceNodes(graph, changes, added)
}
