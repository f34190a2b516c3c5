/** The weights of a translated model, read from its files when they are written to a bundle. */
import { fail } from '../../errors.js'
import type { Graph } from '../../ir/graph.js'
import { nearest } from '../nearest.js'
import type { WeightSource } from '../weights.js'
import type { Stored } from './emitter.js'

/**
 * @param file of the model, for messages
 * @param stored what `translate` says that the graph's weights hold
 */
export function onnxWeights(file: string, graph: Graph, stored: ReadonlyMap<string, Stored>): WeightSource {
  /** What was computed last: its rows are asked for one after another. */
  let last: { name: string; values: Float32Array } | undefined
  const find = (name: string): Stored =>
    stored.get(name) ?? fail('WGC213', [name, nearest(name, stored.keys())], { place: { file } })
  const shape = (name: string): number[] => {
    find(name)
    return graph.tensors.get(name)!.shape as number[]
  }
  return {
    names: () => [...stored.keys()],
    has: (name) => stored.has(name),
    shape,
    dtype: () => 'F32',
    file: () => file,
    async readRows(name, from, to) {
      const of = find(name)
      const width = shape(name)
        .slice(1)
        .reduce((a, b) => a * b, 1)
      if ('data' in of) return Float32Array.from(of.data.subarray(from * width, to * width))
      if (of.late.part) return of.late.part(from * width, to * width)
      if (last?.name !== name) last = { name, values: Float32Array.from(of.late.make()) }
      return last.values.slice(from * width, to * width)
    },
  }
}
