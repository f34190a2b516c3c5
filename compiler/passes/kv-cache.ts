/** Sets how the KV cache is stored. */
import type { Graph, KvType } from '../ir/graph.js'
import { ops } from '../ops/index.js'
import type { PortSpec } from '../ops/types.js'

export type { KvType }

const isRead = (port?: PortSpec) => port?.kind === 'state' && port.role === 'in'

export function kvCache(graph: Graph, options: { kv: KvType }): Graph {
  // What attention reads of a cache. Other states are activations, which some program appends to or leaves for another.
  const caches = new Set(
    graph.nodes.flatMap(({ op, inputs }) =>
      Object.entries(inputs).flatMap(([port, name]) => (isRead(ops[op]?.ports[port]) ? [name] : [])),
    ),
  )
  const tensors = [...graph.tensors].map(
    ([name, t]) => [name, caches.has(name) && t.kind === 'state' ? { ...t, dtype: options.kv } : t] as const,
  )
  return { ...graph, tensors: new Map(tensors) }
}
