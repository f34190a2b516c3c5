/** The last of a translation: one tensor for each input and output of the model, and nothing that nobody reads. */
import { addNode, type Builder } from '../../ir/builder.js'
import type { Graph, Node } from '../../ir/graph.js'
import { copyFacts } from '../../ops/copy_nd.js'
import { replaceNodes } from '../../passes/rewrite.js'
import { sizeOf, type Value } from './values.js'

/**
 * An input that some read as numbers and some as ids comes as numbers, and ids are made of them. Negative ones are
 * 0 then, as ids have no sign.
 */
export function oneOfEach(graph: Graph): void {
  for (const t of [...graph.tensors.values()]) {
    if (t.kind !== 'input' || t.dtype !== 'u32' || t.alias === undefined) continue
    if (!graph.tensors.has(t.alias) || t.name === t.alias) continue
    graph.tensors.delete(t.name)
    const nodes = graph.nodes.splice(0)
    const attrs = { WRAP: 0 }
    addNode(graph, {
      ...{ op: 'to_ids', name: t.name, inputs: { x: t.alias }, outputs: {}, attrs },
      sizes: { N: sizeOf(t.shape as number[]) },
    })
    graph.tensors.set(t.name, { ...graph.tensors.get(t.name)!, dtype: 'u32' })
    graph.nodes.push(...nodes)
  }
}

/**
 * Operands of a node that are one tensor made several, but for weights, which are only read: no two bindings may be
 * of the same bytes where kernels may write.
 */
export function distinct(graph: Graph): Graph {
  const tensors = new Map(graph.tensors)
  const changes = new Map<Node, Node[]>()
  for (const node of graph.nodes) {
    const seen = new Set<string>()
    const copies: Node[] = []
    const inputs = { ...node.inputs }
    for (const [port, name] of Object.entries(node.inputs)) {
      const t = tensors.get(name)!
      if (t.kind === 'weight' && t.shape.length > 1) continue
      if (seen.has(name)) {
        const copy = `${node.name}.${port}`
        const shape = [...t.shape]
        copies.push(copyOf(copy, name, sizeOf(shape as number[])))
        tensors.set(copy, { name: copy, kind: 'temp', dtype: t.dtype, shape })
        inputs[port] = copy
      }
      seen.add(name)
    }
    if (copies.length > 0) changes.set(node, [...copies, { ...node, inputs }])
  }
  return changes.size > 0 ? replaceNodes({ ...graph, tensors }, changes) : graph
}

/** A node that copies N elements. */
function copyOf(name: string, from: string, N: number): Node {
  const attrs = copyFacts([1, 1, 1, 1, 1, N], [0, 0, 0, 0, 0, 1], N) as Node['attrs']
  return { op: 'copy_nd', name, inputs: { x: from }, outputs: { y: name }, attrs, sizes: {} }
}

/** Nodes that lead to no output, and their tensors, taken out. */
export function pruned(graph: Graph, outputs: Iterable<string>): Graph {
  const needed = new Set(outputs)
  const idle = new Set<Node>()
  for (const node of [...graph.nodes].reverse()) {
    if (!Object.values(node.outputs).some((name) => needed.has(name))) idle.add(node)
    else for (const name of Object.values(node.inputs)) needed.add(name)
  }
  return replaceNodes(graph, new Map([...idle].map((node) => [node, []])))
}

/**
 * Marks what the model gives out, each output a tensor of its own: what is known, an input, or another output is
 * copied.
 * @param tensorOf makes a tensor of a value
 */
export function giveOut(
  builder: Builder,
  outputs: readonly { name: string; value: Value }[],
  tensorOf: (v: Value) => string,
): void {
  const { graph } = builder
  const taken = new Set<string>()
  for (const { name, value } of outputs) {
    let tensor = tensorOf(value)
    if (taken.has(tensor) || graph.tensors.get(tensor)!.kind !== 'temp') {
      const { dtype } = graph.tensors.get(tensor)!
      const copy = copyOf(`output.${name}`, tensor, sizeOf(value.shape))
      tensor = addNode(graph, { ...copy, outputs: {} })
      graph.tensors.set(tensor, { ...graph.tensors.get(tensor)!, dtype })
    }
    taken.add(tensor)
    graph.tensors.set(tensor, { ...graph.tensors.get(tensor)!, shape: [...value.shape] })
    builder.output(tensor, name)
  }
}
