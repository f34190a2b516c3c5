/** The last of a translation: one tensor for each input and output of the model, and nothing that nobody reads. */
import { addNode, type Builder } from '../../ir/builder.js'
import type { Graph, Node } from '../../ir/graph.js'
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
      const N = sizeOf(value.shape)
      const attrs = { ...{ D0: 1, D1: 1, D2: 1, D3: 1, D4: 1, D5: N, X0: 0, XN: N }, XS5: 1 }
      const strides = Object.fromEntries([0, 1, 2, 3, 4].map((k) => [`XS${k}`, 0]))
      const copy = { op: 'copy_nd', name: `output.${name}`, inputs: { x: tensor }, outputs: {} }
      const { dtype } = graph.tensors.get(tensor)!
      tensor = addNode(graph, { ...copy, attrs: { ...attrs, ...strides }, sizes: {} })
      graph.tensors.set(tensor, { ...graph.tensors.get(tensor)!, dtype })
    }
    taken.add(tensor)
    graph.tensors.set(tensor, { ...graph.tensors.get(tensor)!, shape: [...value.shape] })
    builder.output(tensor, name)
  }
}
