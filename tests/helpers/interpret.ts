/**
 * Runs a graph in float64 by the operators' own references: what a family and the passes make of a model, without
 * kernels. Weights are as the files have them, whatever format the graph stores them in.
 */
import { weightRows } from '../../compiler/emit/weight-rows.js'
import type { WeightSource } from '../../compiler/import/weights.js'
import { hasPort, nodeFacts } from '../../compiler/ir/facts.js'
import type { Graph, Node, Tensor } from '../../compiler/ir/graph.js'
import { elements } from '../../compiler/ir/size.js'
import { ops } from '../../compiler/ops/index.js'
import type { Facts } from '../../compiler/ops/types.js'
import { evaluate, type SymValues } from '../../runtime/expr.js'

const step = { seed: 0, top_k: 0, top_p: 1, temperature: 0, penalty: 1, sample: 0 }

export interface Interpreter {
  /** Runs one step on what the states hold. Gives every tensor of the graph by name. */
  run(inputs: Record<string, ArrayLike<number>>, at: SymValues): Map<string, Float64Array>
}

async function valuesOf(t: Tensor, weights: WeightSource): Promise<Float64Array> {
  if (t.data) return Float64Array.from(t.data)
  const [from, to] = t.weight!.rows
  const rows = weightRows(weights, t.weight!, t.shape.length > 1 ? Number(t.shape[1]) : 1)
  return Float64Array.from(await rows.read(from, to))
}

export async function interpreter(
  graph: Graph,
  weights: WeightSource,
  states: Map<string, Float64Array> = new Map(),
): Promise<Interpreter> {
  const fixed = new Map<string, Float64Array>()
  for (const t of graph.tensors.values()) {
    if (t.kind === 'weight' || t.kind === 'const') fixed.set(t.name, await valuesOf(t, weights))
    if (t.kind === 'state' && !states.has(t.name))
      states.set(t.name, new Float64Array(Number(elements(t.shape))))
  }
  return {
    run(inputs, at) {
      const values = new Map([...fixed, ...states])
      for (const [name, data] of Object.entries(inputs)) values.set(name, Float64Array.from(data))
      for (const node of graph.nodes) runNode(graph, node, values, at)
      return values
    },
  }
}

function runNode(graph: Graph, node: Node, values: Map<string, Float64Array>, at: SymValues): void {
  const op = ops[node.op]!
  const known = nodeFacts(graph, node, op)
  const now = Object.entries(known.symbols).map(([name, e]) => [name, evaluate(e, at)] as const)
  const facts: Facts = { ...known.values, ...Object.fromEntries(now) }
  const ports: Record<string, Float64Array> = {}
  for (const [port, spec] of Object.entries(op.ports)) {
    if (!hasPort(spec, known.values)) continue
    const name = spec.role === 'out' ? node.outputs[port]! : node.inputs[port]!
    if (spec.role === 'out') {
      const t = graph.tensors.get(name)!
      values.set(name, new Float64Array(evaluate(elements(t.shape), at)))
    }
    ports[port] = values.get(name) ?? raise(`${node.op} ${node.name}: no ${port}`)
  }
  op.reference(ports, facts, { seq: 0, past: 0, ...step, ...at })
}

const raise = (what: string): never => {
  throw new TypeError(what)
}
