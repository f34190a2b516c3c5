/** Sets how the KV cache is stored. */
import type { Graph, KvType } from '../ir/graph.js'

export type { KvType }

export function kvCache(graph: Graph, options: { kv: KvType }): Graph {
  const tensors = [...graph.tensors].map(
    ([name, t]) => [name, t.kind === 'state' ? { ...t, dtype: options.kv } : t] as const,
  )
  return { ...graph, tensors: new Map(tensors) }
}
