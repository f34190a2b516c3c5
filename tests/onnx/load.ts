/** A model file on a device: opened as a build opens it, its weights read as a build reads them. */

import { onnxGraph } from '../../compiler/import/onnx/graph.js'
import { openOnnx } from '../../compiler/import/onnx/open.js'
import { onnxWeights } from '../../compiler/import/onnx/weights.js'
import type { Graph } from '../../compiler/ir/graph.js'
import { verify } from '../../compiler/ir/verify.js'
import type { Executor } from './execute.js'

/** A model ready to run: inputs to outputs, each by name. */
export interface Loaded {
  graph: Graph
  shapes: Record<string, readonly number[]>
  run(inputs: Record<string, ArrayLike<number>>): Promise<Record<string, Float64Array>>
}

export async function load(
  on: Executor,
  path: string,
  given: Record<string, number[]> = {},
): Promise<Loaded> {
  const file = openOnnx(path)
  try {
    const {
      graph,
      inputs: ports,
      outputs,
      stored,
    } = onnxGraph(file.model, path, new Map(Object.entries(given)))
    verify(graph, 'the import')
    const weights = onnxWeights(path, graph, stored)
    for (const name of weights.names()) {
      const t = graph.tensors.get(name)
      if (t) t.data = await weights.readRows(name, 0, Number(t.shape[0]))
    }
    const made = new Map(
      [...graph.tensors.values()].filter((t) => t.kind === 'output').map((t) => [t.alias!, t.name]),
    )
    return {
      graph,
      shapes: Object.fromEntries([...ports, ...outputs].map((o) => [o.name, o.shape])),
      async run(inputs) {
        const values = new Map(Object.entries(inputs).map(([k, v]) => [k, Float64Array.from(v)]))
        const [found] = await on.run([{ graph, inputs: values, outputs: [...made.values()] }])
        return Object.fromEntries([...made].map(([name, tensor]) => [name, found!.get(tensor)!]))
      },
    }
  } finally {
    file.close()
  }
}
