/**
 * Small kernels, two as one where starting a kernel costs: a penalty and the draw after it; look-ups in two pieces of a
 * split table, of which only one has the row.
 */
import type { Graph, Node } from '../ir/graph.js'
import { PAIRED } from '../ops/embed_pair.js'
import { onlyUser, replaceNodes, users } from './rewrite.js'

export interface FewerOptions {
  prologues?: boolean
}

export function samplePenalized(graph: Graph, { prologues }: FewerOptions): Graph {
  if (!prologues) return graph
  const uses = users(graph)
  const changes = new Map<Node, Node[]>()
  for (const penalize of graph.nodes) {
    const y = penalize.outputs.y ?? ''
    const sample = penalize.op === 'penalize' ? onlyUser(graph, uses, y) : undefined
    if (sample?.op !== 'sample' || sample.inputs.tokens !== penalize.inputs.tokens) continue
    changes.set(penalize, [])
    changes.set(sample, [
      { ...sample, op: 'sample_penalized', inputs: penalize.inputs, outputs: { ...sample.outputs, y } },
    ])
  }
  return replaceNodes(graph, changes)
}

export function pairEmbeds(graph: Graph, { prologues }: FewerOptions): Graph {
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
