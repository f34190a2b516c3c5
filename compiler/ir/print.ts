/** A graph as text, a node a line: `layers.0.residual1: f32[seq, 64] = linear(x, w: q4/64, r) EPI=add`. */
import type { Graph, Node, Tensor } from './graph.js'
import { printSize } from './size.js'

function type(t: Tensor | undefined): string {
  if (!t) return '?'
  const element = t.weight?.format
    ? t.weight.format.startsWith('q')
      ? `${t.weight.format}/${t.weight.group}`
      : t.weight.format
    : t.dtype
  return `${element}[${t.shape.map(printSize).join(', ')}]`
}

function printNode(graph: Graph, node: Node): string {
  const outputs = Object.values(node.outputs).map((name) => `${name}: ${type(graph.tensors.get(name))}`)
  const inputs = Object.entries(node.inputs).map(([port, name]) => {
    const t = graph.tensors.get(name)
    return `${port}: ${name}${t?.weight ? ` ${type(t)}` : ''}`
  })
  const attrs = Object.entries(node.attrs).map(([k, v]) => `${k}=${v}`)
  return `  ${outputs.join(', ')} = ${node.op}(${inputs.join(', ')}) ${attrs.join(' ')}`
}

export function printGraph(graph: Graph): string {
  return [
    `${graph.name} (seq ≤ ${graph.maxSeq}, ${graph.nodes.length} operators)`,
    ...graph.nodes.map((n) => printNode(graph, n)),
  ].join('\n')
}
