/**
 * Cuts weights that are larger than one binding may be into pieces of rows: an embedding becomes one gather a
 * piece, a linear one product a piece, each writing its own columns. Pieces are the same for both, so that
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
    const parts = ranges.map(([from, to]): Node => {
      const name = `${w.name}[${from}:${to}]`
      added.set(name, {
        ...w,
        name,
        shape: [to - from, w.shape[1] ?? 1],
        weight: { ...w.weight!, rows: [from, to] },
      })
      const first = node.attrs.EPI === 'glu' ? from / 2 : from
      const attrs = node.op === 'embed' ? { ROW0: from } : { Y0: first }
      return {
        ...node,
        name: `${node.name}[${from}:${to}]`,
        inputs: { ...node.inputs, w: name },
        attrs: { ...node.attrs, ...attrs },
      }
    })
    changes.set(node, parts)
  }
  return replaceNodes(graph, changes, [...added.values()])
}
