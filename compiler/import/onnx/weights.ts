/** The weights of a translated model, read from its files when they are written to a bundle. */
import { fail } from '../../errors.js'
import type { Graph } from '../../ir/graph.js'
import { nearest } from '../nearest.js'
import type { WeightSource } from '../weights.js'
import type { Stored } from './emitter.js'
import { typeName } from './tensors.js'

/** Of ONNX. */
const [UINT8, INT8, FLOAT16, UINT4, INT4] = [2, 3, 10, 21, 22] as const

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
    kept(name) {
      const of = find(name)
      const type = 'late' in of ? of.late.type : 1
      const exact = 'late' in of && of.late.part !== undefined
      // Whole numbers of 8 bits times their scales lose less in halves than they lost when they were made.
      const half = type === FLOAT16 || new Set<number>([UINT8, INT8, UINT4, INT4]).has(type)
      const how = half ? (type === FLOAT16 && exact ? 'exact' : 'requantised') : 'exact'
      return { format: half ? 'f16' : 'f32', group: 1, how, type: typeName(type) }
    },
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
