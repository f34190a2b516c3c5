/** A model file as a graph that can be built: translated, fused, with its inputs and outputs by name. */
import type { Graph } from '../../ir/graph.js'
import type { Stored } from './emitter.js'
import { distinct, giveOut, oneOfEach } from './finish.js'
import { fuse } from './fuse/index.js'
import type { ModelProto } from './protos.js'
import { inputShapes, inputsOf, type Shapes } from './sizes.js'
import { translate } from './translate.js'

export interface OnnxGraph {
  graph: Graph
  /** What its weights hold, by tensor. */
  stored: ReadonlyMap<string, Stored>
  /** Of the model, in its order; those that nothing reads are not in the graph. */
  inputs: { name: string; type: number; shape: number[] }[]
  outputs: { name: string; type: number; shape: readonly number[] }[]
}

/**
 * @param given shapes of inputs that the caller says
 * @param fused combine operators
 * @throws WGC230 to WGC237
 */
export function onnxGraph(
  model: ModelProto,
  file: string,
  given: Shapes = new Map(),
  fused = true,
): OnnxGraph {
  const shapes = inputShapes(model, file, given)
  const { graph, builder, outputs, stored, tensorOf } = translate(
    ...([model, file, shapes, () => undefined, new Set<string>(), true] as const),
  )
  const names = new Set<string>()
  const each = outputs.filter(({ name }) => !names.has(name) && names.add(name))
  giveOut(builder, each, tensorOf)
  oneOfEach(graph)
  for (const t of graph.tensors.values())
    if (t.kind === 'input') graph.tensors.set(t.name, { ...t, shape: shapes.get(t.alias!)! })
  const weights = new Map(stored)
  return {
    graph: distinct(fuse(graph, weights, fused)),
    stored: weights,
    inputs: inputsOf(model).map(({ name, type }) => ({ name, type: type!, shape: shapes.get(name)! })),
    outputs: each.map(({ name, value }) => ({ name, type: value.type, shape: value.shape })),
  }
}
