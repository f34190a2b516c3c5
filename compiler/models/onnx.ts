/** A model that came as a graph: one program, whose inputs and outputs are the model's own. */
import type { FlowInput } from '../../runtime/format.js'
import type { OnnxGraph } from '../import/onnx/graph.js'
import type { Model } from './types.js'

/** Every size is known: there are no steps. */
const PROGRAM = { name: 'forward', seq: 1, maxSeq: 1 }

export function onnxModel({ graph, inputs, outputs }: OnnxGraph): Model {
  const read = new Map(
    [...graph.tensors.values()].filter((t) => t.kind === 'input').map((t) => [t.alias ?? t.name, t]),
  )
  const taken = inputs.filter(({ name }) => read.has(name))
  const same = (list: readonly { name: string }[]) => Object.fromEntries(list.map(({ name }) => [name, name]))
  return {
    ...{ family: 'onnx', vocab: 0, context: 0, programs: [PROGRAM], fused: true },
    graph: () => graph,
    flow: {
      // What nothing reads may be given all the same.
      inputs: inputs.map(
        ({ name, shape }): FlowInput => ({
          ...{ name, shape },
          dtype: read.get(name)?.dtype === 'u32' ? 'u32' : 'f32',
          ...(!read.has(name) && { fill: 0 }),
        }),
      ),
      calls: [{ program: PROGRAM.name, inputs: same(taken), outputs: same(outputs) }],
      outputs: outputs.map(({ name }) => name),
    },
  }
}
