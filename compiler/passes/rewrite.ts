/** What the rewriting passes share: who uses a tensor, and a graph with some nodes replaced. */
import type { Graph, Node, Tensor } from '../ir/graph.js'

/** Nodes that read each tensor. */
export function users(graph: Graph): Map<string, Node[]> {
  const map = new Map<string, Node[]>()
  for (const node of graph.nodes) {
    for (const name of Object.values(node.inputs)) map.set(name, [...(map.get(name) ?? []), node])
  }
  return map
}

/** Node that makes each temporary. */
export function makers(graph: Graph): Map<string, Node> {
  return new Map(
    graph.nodes.flatMap((node) => Object.values(node.outputs).map((name) => [name, node] as const)),
  )
}

/** The one node that reads a tensor, if there is just one and nothing else needs the tensor. */
export function onlyUser(
  graph: Graph,
  uses: Map<string, Node[]>,
  tensor: string | undefined,
): Node | undefined {
  const list = tensor === undefined ? [] : (uses.get(tensor) ?? [])
  return list.length === 1 && tensor !== undefined && graph.tensors.get(tensor)?.kind === 'temp'
    ? list[0]
    : undefined
}

/** A linear with nothing done to its sums. */
export const isPlain = ({ op, attrs }: Node): boolean =>
  op === 'linear' && attrs.EPI === 'none' && !attrs.BIAS && (attrs.ACT ?? 'none') === 'none'

/**
 * The graph with nodes replaced (by others, which take their place in the order) or dropped (undefined), new
 * tensors added, and tensors that nothing mentions any more left out.
 */
export function replaceNodes(graph: Graph, changes: Map<Node, Node[]>, added: Tensor[] = []): Graph {
  const nodes = graph.nodes.flatMap((node) => changes.get(node) ?? [node])
  const mentioned = new Set(nodes.flatMap((n) => [...Object.values(n.inputs), ...Object.values(n.outputs)]))
  const all = [...graph.tensors.values(), ...added]
  const tensors = new Map(all.filter((t) => mentioned.has(t.name)).map((t) => [t.name, t]))
  return { ...graph, nodes, tensors }
}

/** One weight of several with the same columns, by rows: one below the other, or row by row in turn. */
export function combineWeights(weights: Tensor[], how: 'stack' | 'interleave', name: string): Tensor {
  const rows = weights.reduce((sum, w) => sum + Number(w.shape[0]), 0)
  const columns = weights[0]?.shape[1] ?? 1
  const sources = weights.flatMap((w) => w.weight?.sources ?? [])
  return {
    name,
    kind: 'weight',
    dtype: 'f32',
    shape: [rows, columns],
    weight: { sources, combine: how, rows: [0, rows] },
  }
}
