/**
 * query, key and value projections of one input, the norms of query's and key's heads, their rotation, and both cache
 * writes → one stacked linear and one rope_kv. Six operators and four temporaries become two and one; eight and six
 * with norms. Where nothing turns, rope_kv turns one pair by nothing.
 */
import type { Graph, Node, Tensor } from '../ir/graph.js'
import { biasedAlike, combineProducts, isProduct, makers, onlyUser, replaceNodes, users } from './rewrite.js'

/** What makes a query, key or value, the last first. */
interface Chain {
  rope?: Node
  norm?: Node
  linear: Node
}

/** Positions that share a coarse row of a table, as `models/rope.ts` has it. */
const FINE_ROWS = 64

/** Whether rope_kv turns as this rope does: in halves, by the step's positions. */
const turnsAlike = ({ attrs }: Node): boolean => {
  const { FORM = 'half', POSITIONS = 'past' } = attrs
  return FORM === 'half' && POSITIONS === 'past'
}

/** Whether a norm is that of heads of this size, with a gain. */
const normsHeads = ({ op, attrs }: Node, size: unknown): boolean =>
  op === 'rmsnorm' && attrs.D === size && attrs.GAIN !== false && attrs.LAST !== true

/** Angles of 0, of one pair: turns nothing. */
function stillTable(context: number): Tensor {
  const rows = Math.ceil(context / FINE_ROWS) + FINE_ROWS
  const data = Float32Array.from({ length: 2 * rows }, (_, i) => 1 - (i % 2))
  return { name: 'rope.still', kind: 'const', dtype: 'f32', shape: [rows, 1, 2], data }
}

export function fuseRope(graph: Graph): Graph {
  const uses = users(graph)
  const made = makers(graph)
  const changes = new Map<Node, Node[]>()
  const added: Tensor[] = []
  const appendOf = (cache: string | undefined) =>
    graph.nodes.find((n) => n.op === 'kv_append' && n.outputs.cache === cache)

  /** What makes a tensor that `user` alone reads. */
  const makerOf = (tensor: string | undefined, user: Node): Node | undefined =>
    onlyUser(graph, uses, tensor) === user ? made.get(tensor ?? '') : undefined

  function chainOf(tensor: string | undefined, user: Node): Chain | undefined {
    const last = makerOf(tensor, user)
    const rope = last?.op === 'rope' ? last : undefined
    const next = rope ? makerOf(rope.inputs.x, rope) : last
    const norm = next && normsHeads(next, user.attrs.HD) ? next : undefined
    const linear = norm ? makerOf(norm.inputs.x, norm) : next
    return linear && isProduct(linear) ? { linear, ...(rope && { rope }), ...(norm && { norm }) } : undefined
  }

  for (const attention of graph.nodes) {
    if (attention.op !== 'attention') continue
    const [appendK, appendV] = [appendOf(attention.inputs.k), appendOf(attention.inputs.v)]
    if (!appendK || !appendV) continue
    const q = chainOf(attention.inputs.q, attention)
    const k = chainOf(appendK.inputs.x, appendK)
    const v = chainOf(appendV.inputs.x, appendV)
    if (!q || !k || !v || !fusible(q, k, v)) continue
    const linears = [q, k, v].map((c) => c.linear)
    const qkv = `${q.linear.name}kv`
    const { inputs, biased, rows, tensors } = combineProducts(graph, linears, 'stack', qkv)
    const y = graph.tensors.get(q.linear.outputs.y ?? '') as Tensor
    added.push(...tensors, { ...y, name: qkv, shape: [y.shape[0] ?? 1, rows] })
    const still = q.rope ? undefined : stillTable(Number(attention.attrs.C))
    if (still) added.push(still)
    const cache = { k: appendK.inputs.cache ?? '', v: appendV.inputs.cache ?? '' }
    const gains = q.norm && { qg: q.norm.inputs.g ?? '', kg: k.norm?.inputs.g ?? '' }
    const { H, HD, C, KVH } = attention.attrs
    const rope: Node = {
      op: 'rope_kv',
      name: q.rope?.name ?? `${q.linear.name}kv.cached`,
      inputs: { qkv, table: q.rope?.inputs.table ?? still?.name ?? '', ...gains, ...cache },
      outputs: { q: attention.inputs.q ?? '', ...cache },
      attrs: {
        ...{ H: H!, KVH: KVH!, HD: HD!, C: C! },
        ...(q.norm && { NORM: true, EPS: q.norm.attrs.EPS! }),
      },
    }
    const gone = [q, k].flatMap((c) => [c.rope, c.norm, c.linear])
    for (const node of [...gone, v.linear, appendK]) if (node) changes.set(node, [])
    const product: Node = {
      op: 'linear',
      name: qkv,
      inputs,
      outputs: { y: qkv },
      attrs: { EPI: 'none', BIAS: biased, LDY: rows },
    }
    changes.set(appendV, [product, rope])
  }
  return replaceNodes(graph, changes, added)
}

/** Whether rope_kv does to query, key and value what these chains do. */
function fusible(q: Chain, k: Chain, v: Chain): boolean {
  if (v.rope || v.norm || !biasedAlike([q.linear, k.linear, v.linear])) return false
  if ([k, v].some((c) => c.linear.inputs.x !== q.linear.inputs.x)) return false
  if (!q.norm !== !k.norm || q.norm?.attrs.EPS !== k.norm?.attrs.EPS) return false
  if (!q.rope || !k.rope) return !q.rope && !k.rope
  return turnsAlike(q.rope) && turnsAlike(k.rope) && q.rope.inputs.table === k.rope.inputs.table
}
