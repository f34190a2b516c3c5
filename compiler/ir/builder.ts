/** Builds a graph, an operator at a time. Output shapes follow from the op rows. */
import type { Expr } from '../../runtime/expr.js'
import { ops } from '../ops/index.js'
import { hasPort, nodeFacts, portShape } from './facts.js'
import type { Attr, Graph, Node, Tensor } from './graph.js'

export interface Builder {
  readonly graph: Graph
  /** Ids or values from the caller, who knows them as `alias`. */
  input(name: string, dtype: 'u32' | 'f32', shape: Expr[], alias?: string): string
  /** The ids of the text so far: those given, known to the caller as `alias`, and those sampled. */
  tokens(context: number, alias?: string): string
  /** A matrix [rows, columns] or vector of the model, by its name in the model's files. */
  weight(name: string, shape: number[]): string
  /** Values that the compiler computes. */
  constant(name: string, shape: number[], data: Float32Array): string
  /** Kept from step to step. */
  state(name: string, shape: Expr[], dtype?: 'u32' | 'f32'): string
  /** A state that callers write, whole or its beginning, and know as `alias`. */
  given(name: string, dtype: 'u32' | 'f32', shape: Expr[], alias: string): string
  /** Keeps a tensor that a node made, under its name: other programs find it as a state of that name and shape. */
  keep(tensor: string): void
  /** Adds a node and returns its one output (or the named one). */
  op(
    op: string,
    name: string,
    inputs: Record<string, string>,
    attrs?: Record<string, Attr>,
    sizes?: Record<string, Expr>,
  ): string
  /** Marks a tensor as one to read back, under that name, and as of that shape. */
  output(tensor: string, name: string, view?: Expr[]): void
}

/** `sizes`: the largest values of sizes other than `seq`. */
export function build(name: string, maxSeq: number, sizes?: Record<string, number>): Builder {
  const graph: Graph = { name, tensors: new Map(), nodes: [], maxSeq, ...(sizes && { sizes }) }
  const add = (tensor: Tensor): string => {
    graph.tensors.set(tensor.name, tensor)
    return tensor.name
  }
  return {
    graph,
    input: (name, dtype, shape, alias) =>
      add({
        name,
        kind: 'input',
        dtype,
        shape,
        ...(alias !== undefined && { alias }),
      }),
    // One more than the context: the id that is sampled at its end.
    tokens: (context, alias = 'input_ids') =>
      add({ name: 'tokens', kind: 'tokens', dtype: 'u32', shape: [context + 1], alias }),
    weight: (name, shape) =>
      add({
        name,
        kind: 'weight',
        dtype: 'f32',
        shape,
        weight: { sources: [name], combine: 'stack', rows: [0, shape[0] ?? 1] },
      }),
    constant: (name, shape, data) => add({ name, kind: 'const', dtype: 'f32', shape, data }),
    state: (name, shape, dtype = 'f32') => add({ name, kind: 'state', dtype, shape }),
    given: (name, dtype, shape, alias) => add({ name, kind: 'state', dtype, shape, alias }),
    keep: (tensor) => {
      const t = graph.tensors.get(tensor)
      if (t) graph.tensors.set(tensor, { ...t, kind: 'state' })
    },
    op: (op, name, inputs, attrs = {}, sizes) =>
      addNode(graph, { op, name, inputs, outputs: {}, attrs, ...(sizes && { sizes }) }),
    output: (tensor, as, view) => {
      const t = graph.tensors.get(tensor)
      if (t) graph.tensors.set(tensor, { ...t, kind: 'output', alias: as, ...(view && { view }) })
    },
  }
}

/** Appends a node, making its outputs' tensors; inout ports are outputs as well. Returns the first output. */
export function addNode(graph: Graph, node: Node): string {
  const op = ops[node.op]
  if (!op) throw new TypeError(`no operator ${node.op}`)
  const facts = nodeFacts(graph, node, op)
  let first = ''
  for (const [port, spec] of Object.entries(op.ports)) {
    if (spec.role === 'in' || !hasPort(spec, facts.values)) continue
    if (spec.role === 'inout') {
      const name = node.inputs[port]
      if (name !== undefined) node.outputs[port] = name
      first ||= name ?? ''
      continue
    }
    const name = port === 'y' ? node.name : `${node.name}.${port}`
    const shape = portShape(spec, facts, `${node.op} ${node.name}`)
    graph.tensors.set(name, { name, kind: 'temp', dtype: 'f32', shape })
    node.outputs[port] = name
    first ||= name
  }
  graph.nodes.push(node)
  return first
}
