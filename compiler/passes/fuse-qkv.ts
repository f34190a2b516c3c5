/**
 * query, key and value of one input, which attention over activations takes → one stacked linear, which the attention
 * reads where it is: three products become one that fills a device three times as well.
 */
import type { Graph, Node, Tensor } from '../ir/graph.js'
import { biasedAlike, combineProducts, isProduct, makers, onlyUser, replaceNodes, users } from './rewrite.js'

export function fuseQkv(graph: Graph): Graph {
  const uses = users(graph)
  const made = makers(graph)
  const changes = new Map<Node, Node[]>()
  const added: Tensor[] = []
  for (const attention of graph.nodes) {
    const { HD, VD, STACKED } = attention.attrs
    if (attention.op !== 'sdpa' || STACKED === 1 || HD !== VD) continue
    const { q = '', k = '', v = '', ...others } = attention.inputs
    const linears = [q, k, v].map((tensor) =>
      onlyUser(graph, uses, tensor) === attention ? made.get(tensor) : undefined,
    )
    if (!alike(linears)) continue
    const name = `${linears[0].name}kv`
    const { inputs, biased, rows, tensors } = combineProducts(graph, linears, 'stack', name)
    const y = graph.tensors.get(q) as Tensor
    added.push(...tensors, { ...y, name, shape: [...y.shape.slice(0, -1), rows] })
    for (const linear of linears) changes.set(linear, [])
    const product: Node = {
      ...linears[0],
      ...{ name, inputs, outputs: { y: name } },
      attrs: { ...linears[0].attrs, BIAS: biased, LDY: rows },
    }
    changes.set(attention, [
      product,
      { ...attention, inputs: { q: name, ...others }, attrs: { ...attention.attrs, STACKED: 1 } },
    ])
  }
  return replaceNodes(graph, changes, added)
}

/** Whether these are products of one input with weights alone, all with a bias or none. */
function alike(linears: (Node | undefined)[]): linears is [Node, Node, Node] {
  const [first] = linears
  const there = linears.filter((n) => n !== undefined)
  return (
    there.length === 3 &&
    new Set(there).size === 3 &&
    there.every((n) => isProduct(n) && n.inputs.x === first?.inputs.x) &&
    biasedAlike(there)
  )
}
