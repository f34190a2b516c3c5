/** Graphs computed in float64, an operator at a time, by the table's references. */
import type { Stored } from '../../compiler/import/onnx/emitter.js'
import { hasPort, nodeFacts, portShape } from '../../compiler/ir/facts.js'
import type { Graph } from '../../compiler/ir/graph.js'
import { ops } from '../../compiler/ops/index.js'
import type { StepValues } from '../../compiler/ops/types.js'

const STEP: StepValues = {
  ...{ seq: 1, past: 0, seed: 0, top_k: 0, top_p: 1, temperature: 0, sample: 0 },
  penalty: 1,
}

const size = (shape: readonly unknown[]) => shape.reduce<number>((n, d) => n * Number(d), 1)

/** Outputs by name. */
export function evaluate(
  graph: Graph,
  stored: ReadonlyMap<string, Stored>,
  inputs: Record<string, ArrayLike<number>>,
): Record<string, Float64Array> {
  const values = new Map<string, Float64Array>()
  for (const t of graph.tensors.values()) {
    const held = stored.get(t.name)
    if (t.kind === 'input') values.set(t.name, Float64Array.from(inputs[t.alias ?? t.name]!))
    else if (held) values.set(t.name, 'data' in held ? held.data : held.late.make())
    else if (t.kind === 'const' && t.dtype === 'u32')
      values.set(t.name, Float64Array.from(new Uint32Array(t.data!.slice().buffer)))
    else if (t.kind === 'const') values.set(t.name, Float64Array.from(t.data!))
  }
  for (const node of graph.nodes) {
    const op = ops[node.op]!
    const facts = nodeFacts(graph, node, op)
    const ports: Record<string, Float64Array> = {}
    for (const [port, spec] of Object.entries(op.ports)) {
      if (!hasPort(spec, facts.values)) continue
      const n = size(portShape(spec, facts, node.name))
      if (spec.role === 'out') values.set(node.outputs[port]!, new Float64Array(n))
      ports[port] = values.get(node.outputs[port] ?? node.inputs[port]!)!
      if (ports[port].length < n) throw new Error(`${node.name} ${port}: ${ports[port].length} of ${n}`)
    }
    op.reference(ports, facts.values, STEP)
  }
  const outputs = [...graph.tensors.values()].filter((t) => t.kind === 'output')
  return Object.fromEntries(outputs.map((t) => [t.alias!, values.get(t.name)!]))
}
