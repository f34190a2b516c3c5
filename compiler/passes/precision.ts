/** Decides how each weight is stored, from the bits asked for. Vectors (gains) stay f32: they are small. */
import { fail } from '../errors.js'
import { formats } from '../formats/formats.js'
import type { Graph, Tensor, WeightFormatName } from '../ir/graph.js'

/**
 * What `--bits` may be; `a` for asymmetric, with a minimum beside each scale. keep: each weight as the model's files
 * hold it, or as nearly as there is a format for it.
 */
export type Bits = 'f32' | 'f16' | 8 | 4 | 3 | 2 | '8a' | '4a' | '3a' | '2a' | 'keep'

interface Policy {
  matrices: WeightFormatName
  /** Embedding and output projection: few multiply-adds, much of the quality (see README, "What few bits cost"). */
  embedding: WeightFormatName
}

export const policies: Record<Exclude<Bits, 'keep'>, Policy> = {
  f32: { matrices: 'f32', embedding: 'f32' },
  f16: { matrices: 'f16', embedding: 'f16' },
  8: { matrices: 'q8', embedding: 'q8' },
  4: { matrices: 'q4', embedding: 'q8' },
  3: { matrices: 'q3', embedding: 'q8' },
  2: { matrices: 'q2', embedding: 'q8' },
  '8a': { matrices: 'q8a', embedding: 'q8a' },
  // 8 bits lose so little that a minimum has nothing to add to them.
  '4a': { matrices: 'q4a', embedding: 'q8' },
  '3a': { matrices: 'q3a', embedding: 'q8' },
  '2a': { matrices: 'q2a', embedding: 'q8' },
}

/** Weights that ids are looked up in, or that make what the caller reads. */
function embeddings(graph: Graph): Set<string> {
  const found = graph.nodes.filter(
    (n) => n.op === 'embed' || graph.tensors.get(n.outputs.y ?? '')?.kind === 'output',
  )
  return new Set(found.map((n) => n.inputs.w ?? ''))
}

export interface PrecisionOptions {
  bits: Bits
  group: number
  /** For `keep`: format and group of a weight, by its sources. */
  kept?: (sources: readonly string[]) => { format: WeightFormatName; group?: number }
}

/** Every matrix in the format that its sources ask for. */
function keep(graph: Graph, kept: NonNullable<PrecisionOptions['kept']>): Graph {
  const store = (t: Tensor): Tensor => {
    if (!t.weight) return t
    const as = t.shape.length < 2 ? { format: 'f32' as const } : kept(t.weight.sources)
    return { ...t, weight: { ...t.weight, ...as } }
  }
  return { ...graph, tensors: new Map([...graph.tensors].map(([name, t]) => [name, store(t)])) }
}

export function precision(graph: Graph, options: PrecisionOptions): Graph {
  if (options.bits === 'keep')
    return keep(graph, options.kept ?? fail('WGC901', ['nothing says how weights are kept']))
  const policy = policies[options.bits]
  const special = embeddings(graph)
  const store = (t: Tensor): Tensor => {
    if (!t.weight) return t
    if (t.shape.length < 2) return { ...t, weight: { ...t.weight, format: 'f32' } }
    const format = special.has(t.name) ? policy.embedding : policy.matrices
    return { ...t, weight: { ...t.weight, format, ...(formats[format].grouped && { group: options.group }) } }
  }
  return { ...graph, tensors: new Map([...graph.tensors].map(([name, t]) => [name, store(t)])) }
}
