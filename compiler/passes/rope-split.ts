/**
 * rope_kv, then the split attention of the row that it turned → one operator: the parts turn the query as they read it,
 * and the last of them writes the new key and value.
 */
import type { Graph, Node, Tensor } from '../ir/graph.js'
import { makers, onlyUser, replaceNodes, users } from './rewrite.js'

export interface RopeSplitOptions {
  prologues?: boolean
}

/** Whether the kernels turn such heads: whole ones, in quads, of a cache that is written an element at a time. */
function turns(rope: Node, table: Tensor | undefined, cache: Tensor | undefined): boolean {
  const HD = Number(rope.attrs.HD)
  return HD % 8 === 0 && table?.shape[1] === HD / 2 && (cache?.dtype === 'f16' || cache?.dtype === 'f32')
}

export function ropeSplit(graph: Graph, { prologues }: RopeSplitOptions): Graph {
  if (!prologues) return graph
  const uses = users(graph)
  const made = makers(graph)
  const changes = new Map<Node, Node[]>()
  for (const split of graph.nodes) {
    if (split.op !== 'attention_split') continue
    const { q = '', k = '', v = '' } = split.inputs
    const rope = made.get(q)
    if (rope?.op !== 'rope_kv' || onlyUser(graph, uses, q) !== split) continue
    if (rope.outputs.k !== k || rope.outputs.v !== v) continue
    if (!turns(rope, graph.tensors.get(rope.inputs.table ?? ''), graph.tensors.get(k))) continue
    const between = graph.nodes.slice(graph.nodes.indexOf(rope) + 1, graph.nodes.indexOf(split))
    if (between.some(({ inputs }) => [k, v].some((cache) => Object.values(inputs).includes(cache)))) continue
    const { NORM = false, EPS = 0 } = rope.attrs
    changes.set(rope, [])
    changes.set(split, [
      {
        ...split,
        op: 'rope_split',
        inputs: rope.inputs,
        outputs: { k, v, ...split.outputs },
        attrs: { ...split.attrs, NORM, EPS },
      },
    ])
  }
  return replaceNodes(graph, changes)
}
