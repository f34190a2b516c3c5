/** Sets the element type of the KV cache. */
import type { Graph } from '../ir/graph.js'

export type KvType = 'f32' | 'f16'

export function kvCache(graph: Graph, options: { kv: KvType }): Graph {
  const tensors = [...graph.tensors].map(
    ([name, t]) => [name, t.kind === 'state' ? { ...t, dtype: options.kv } : t] as const,
  )
  return { ...graph, tensors: new Map(tensors) }
}
