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

/** A linear with nothing done to its sums but a bias. */
export const isProduct = ({ op, attrs }: Node): boolean =>
  op === 'linear' && attrs.EPI === 'none' && (attrs.ACT ?? 'none') === 'none'

/** Whether all of them have a bias, or none has. */
export const biasedAlike = (nodes: readonly Node[]): boolean =>
  nodes.every((n) => Boolean(n.attrs.BIAS) === Boolean(nodes[0]?.attrs.BIAS))

/**
 * The graph with nodes replaced (by others, which take their place in the order) or dropped (undefined), new
 * tensors added, and tensors that nothing mentions any more left out.
 */
export function replaceNodes(graph: Graph, changes: Map<Node, Node[]>, added: Tensor[] = []): Graph {
  const nodes = graph.nodes.flatMap((node) => changes.get(node) ?? [node])
  const mentioned = new Set(nodes.flatMap((n) => [...Object.values(n.inputs), ...Object.values(n.outputs)]))
  const all = [...graph.tensors.values(), ...added]
  // What callers write may be for other programs alone.
  const stays = (t: Tensor) => mentioned.has(t.name) || (t.kind === 'state' && t.alias !== undefined)
  const tensors = new Map(all.filter(stays).map((t) => [t.name, t]))
  return { ...graph, nodes, tensors }
}

/** One weight of several with the same columns, or several vectors, by rows: one below the other, or in turn. */
export function combineWeights(weights: Tensor[], how: 'stack' | 'interleave', name: string): Tensor {
  const rows = weights.reduce((sum, w) => sum + Number(w.shape[0]), 0)
  const sources = weights.flatMap((w) => w.weight?.sources ?? [])
  return {
    name,
    kind: 'weight',
    dtype: 'f32',
    shape: [rows, ...(weights[0]?.shape.slice(1) ?? [])],
    weight: { sources, combine: how, rows: [0, rows] },
  }
}

/** The one linear of several with the same x: its inputs, and the tensors that it needs. */
export function combineProducts(
  graph: Graph,
  linears: readonly Node[],
  how: 'stack' | 'interleave',
  name: string,
): { inputs: Record<string, string>; biased: boolean; rows: number; tensors: Tensor[] } {
  const port = (p: 'w' | 'b') => linears.map((l) => graph.tensors.get(l.inputs[p] ?? '') as Tensor)
  const biased = linears[0]?.attrs.BIAS === true
  const w = combineWeights(port('w'), how, `${name}.weight`)
  const b = biased ? combineWeights(port('b'), how, `${name}.bias`) : undefined
  return {
    inputs: { x: linears[0]?.inputs.x ?? '', w: w.name, ...(b && { b: b.name }) },
    biased,
    rows: Number(w.shape[0]),
    tensors: b ? [w, b] : [w],
  }
}
