/**
 * query, key and value projections of one input, the rotation of query and key, and both cache writes → one
 * stacked linear and one rope_kv. Six operators and four temporaries become two and one.
 */
import type { Graph, Node, Tensor } from '../ir/graph.js'
import { biasedAlike, combineProducts, isProduct, makers, onlyUser, replaceNodes, users } from './rewrite.js'

/** Whether rope_kv turns as this rope does: whole heads in halves, by the step's positions. */
function isWhole({ tensors }: Graph, { attrs, inputs }: Node): boolean {
  const pairs = tensors.get(inputs.table ?? '')?.shape[1]
  const { FORM = 'half', POSITIONS = 'past' } = attrs
  return FORM === 'half' && POSITIONS === 'past' && 2 * Number(pairs) === attrs.HD
}

export function fuseRope(graph: Graph): Graph {
  const uses = users(graph)
  const made = makers(graph)
  const changes = new Map<Node, Node[]>()
  const added: Tensor[] = []
  const appendOf = (cache: string | undefined) =>
    graph.nodes.find((n) => n.op === 'kv_append' && n.outputs.cache === cache)
  const makerOf = (node: Node | undefined, op: string): Node | undefined => {
    const maker = made.get(node?.inputs.x ?? '')
    return maker?.op === op && onlyUser(graph, uses, node?.inputs.x) === node ? maker : undefined
  }
  for (const attention of graph.nodes) {
    if (attention.op !== 'attention') continue
    const ropeQ = made.get(attention.inputs.q ?? '')
    const [appendK, appendV] = [appendOf(attention.inputs.k), appendOf(attention.inputs.v)]
    const ropeK = makerOf(appendK, 'rope')
    if (ropeQ?.op !== 'rope' || !onlyUser(graph, uses, ropeQ.outputs.y) || !ropeK || !appendK || !appendV)
      continue
    if (!isWhole(graph, ropeQ) || !isWhole(graph, ropeK) || ropeQ.inputs.table !== ropeK.inputs.table)
      continue
    const linears = [makerOf(ropeQ, 'linear'), makerOf(ropeK, 'linear'), makerOf(appendV, 'linear')]
    const [q, k, v] = linears
    if (!q || !k || !v || linears.some((l) => !l || !isProduct(l) || l.inputs.x !== q.inputs.x)) continue
    if (!biasedAlike([q, k, v])) continue
    const qkv = `${q.name}kv`
    const { inputs, biased, rows: columns, tensors } = combineProducts(graph, [q, k, v], 'stack', qkv)
    const y = graph.tensors.get(q.outputs.y ?? '') as Tensor
    added.push(...tensors, { ...y, name: qkv, shape: [y.shape[0] ?? 1, columns] })
    for (const node of [q, k, v, ropeK, appendK]) changes.set(node, [])
    changes.set(ropeQ, [])
    const rows = { op: 'linear', name: qkv, inputs, outputs: { y: qkv } }
    const rope: Node = {
      op: 'rope_kv',
      name: ropeQ.name,
      inputs: {
        qkv,
        table: ropeQ.inputs.table ?? '',
        k: appendK.inputs.cache ?? '',
        v: appendV.inputs.cache ?? '',
      },
      outputs: {
        q: ropeQ.outputs.y ?? '',
        k: appendK.inputs.cache ?? '',
        v: appendV.inputs.cache ?? '',
      },
      attrs: { ...ropeQ.attrs, KVH: ropeK.attrs.H ?? 1 },
    }
    changes.set(appendV, [{ ...rows, attrs: { EPI: 'none', BIAS: biased, LDY: columns } }, rope])
  }
  return replaceNodes(graph, changes, added)
}
