/** Look-ups in two neighbouring pieces of a split table, of which one at most has the row → one, where starting costs. */
import type { Graph, Node } from '../ir/graph.js'
import { PAIRED } from '../ops/embed_pair.js'
import { replaceNodes } from './rewrite.js'

export interface PairOptions {
  prologues?: boolean
}

export function pairEmbeds(graph: Graph, { prologues }: PairOptions): Graph {
  if (!prologues) return graph
  const rowsOf = ({ inputs }: Node) => Number(graph.tensors.get(inputs.w ?? '')?.shape[0])
  const formatOf = ({ inputs }: Node) => graph.tensors.get(inputs.w ?? '')?.weight?.format
  const isBehind = (a: Node, b: Node) =>
    b.op === 'embed' &&
    b.outputs.y === a.outputs.y &&
    b.inputs.tokens === a.inputs.tokens &&
    Number(b.attrs.ROW0) === Number(a.attrs.ROW0) + rowsOf(a) &&
    formatOf(a) === formatOf(b)
  const changes = new Map<Node, Node[]>()
  for (const [i, first] of graph.nodes.entries()) {
    const second = graph.nodes[i + 1]
    if (first.op !== 'embed' || changes.has(first) || !second || !isBehind(first, second)) continue
    if (!(PAIRED as readonly unknown[]).includes(formatOf(first))) continue
    changes.set(second, [])
    const inputs = { ...first.inputs, w2: second.inputs.w ?? '' }
    changes.set(first, [{ ...first, op: 'embed_pair', name: `${first.name} ${second.name}`, inputs }])
  }
  return replaceNodes(graph, changes)
}
