/**
 * Cuts weights that are larger than one binding may be into pieces of rows: an embedding becomes one gather a
 * piece, a linear one product a piece, each writing its own columns, with its own part of a bias. Pieces are the same for both, so that
 * tied weights stay tied.
 */
import type { Graph, Node, Tensor } from '../ir/graph.js'
import { replaceNodes } from './rewrite.js'

/** Rows of a piece are a multiple of this: a piece's columns then begin at a binding's 256-byte alignment. */
const ROW_STEP = 64

export interface SplitOptions {
  /** Largest binding, bytes. */
  binding: number
  /** Bytes of a weight's data region. */
  bytes: (tensor: Tensor, rows: number) => number
}

/** Row ranges of a weight's pieces; one range if it fits. */
function pieces(tensor: Tensor, options: SplitOptions): [number, number][] {
  const rows = Number(tensor.shape[0])
  const count = Math.ceil(options.bytes(tensor, rows) / options.binding)
  const step = Math.ceil(rows / count / ROW_STEP) * ROW_STEP
  return Array.from({ length: Math.ceil(rows / step) }, (_, i) => [i * step, Math.min(rows, (i + 1) * step)])
}

export function splitWeights(graph: Graph, options: SplitOptions): Graph {
  const changes = new Map<Node, Node[]>()
  const added = new Map<string, Tensor>()
  for (const node of graph.nodes) {
    const w = graph.tensors.get(node.inputs.w ?? '')
    if (!w?.weight || w.shape.length < 2) continue
    const ranges = pieces(w, options)
    if (ranges.length < 2) continue
    const b = graph.tensors.get(node.inputs.b ?? '')
    const parts = ranges.map(([from, to]): Node => {
      const piece = (t: Tensor): string => {
        const name = `${t.name}[${from}:${to}]`
        const shape = [to - from, ...t.shape.slice(1)]
        const weight = t.weight && { weight: { ...t.weight, rows: [from, to] as [number, number] } }
        added.set(name, { ...t, name, shape, ...weight, ...(t.data && { data: t.data.slice(from, to) }) })
        return name
      }
      const first = node.attrs.EPI === 'glu' ? from / 2 : from
      const attrs = node.op === 'embed' ? { ROW0: from } : { Y0: first }
      return {
        ...node,
        name: `${node.name}[${from}:${to}]`,
        inputs: { ...node.inputs, w: piece(w), ...(b && { b: piece(b) }) },
        attrs: { ...node.attrs, ...attrs },
      }
    })
    changes.set(node, parts)
  }
  return replaceNodes(graph, changes, [...added.values()])
}
