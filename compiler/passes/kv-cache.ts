/** Sets how the KV cache is stored. */
import type { Graph, KvType } from '../ir/graph.js'
import { ops } from '../ops/index.js'

export type { KvType }

export function kvCache(graph: Graph, options: { kv: KvType }): Graph {
  // Other states are activations that one program leaves for another.
  const caches = new Set(
    graph.nodes.flatMap(({ op, inputs }) =>
      Object.entries(inputs).flatMap(([port, name]) =>
        ops[op]?.ports[port]?.kind === 'state' ? [name] : [],
      ),
    ),
  )
  const tensors = [...graph.tensors].map(
    ([name, t]) => [name, caches.has(name) && t.kind === 'state' ? { ...t, dtype: options.kv } : t] as const,
  )
  return { ...graph, tensors: new Map(tensors) }
}
