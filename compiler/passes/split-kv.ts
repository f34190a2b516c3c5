/**
 * Attention of one row over a long context → attention_split and attention_merge (Flash-Decoding, Dao et al. 2023).
 * One workgroup a head leaves most of a large GPU idle, and so does one work item for the heads that share keys most of
 * a CPU's threads; parts of CHUNK keys fill them, and heads that share keys read them once.
 */
import type { Expr } from '../../runtime/expr.js'
import type { Graph, Node, Tensor } from '../ir/graph.js'
import { size } from '../ir/size.js'
import { replaceNodes } from './rewrite.js'

/**
 * Contexts for which splitting pays. Of 32 heads of 128 that share 8 of keys in f16, a row takes an NVIDIA H200 7, 17,
 * 94 and 181 µs over 100, 512, 2,048 and 4,000 keys with one workgroup a head, and 11, 12, 15 and 17 µs split (with
 * another dispatch, of 2 µs, in that). A context is not full most of the time.
 *
 * In WebAssembly, 6 heads of 64 that share 2, 8 layers (books-14m, q4, tokens/s of decoding on 16 cores): over 950 keys
 * 746 became 880 on 4 threads and 923 became 1562 on 16; over 150, 959 became 1099 and 1538 became 1702; on 1 or 2
 * threads, and over 50 keys, they are the same within the noise.
 */
export const LONG = 1024

/** Keys of a part. */
export const CHUNK = 64

/**
 * Keys of a part on a GPU: of 32 heads of 128 that share 8 of keys in f16, parts of 32 take an NVIDIA H200 4.8 µs after
 * 200 keys and 6.5 after 2,048, parts of 64 5.6 and 6.9; merging takes the same 2.9.
 */
const SHORT_CHUNK = 32

/** Parts that a workgroup can merge. */
const MOST_SPLITS = 2048

/** Whether a workgroup's memory and registers hold `share` query heads of `size` elements, their weights and sums. */
const fits = (share: number, size: number): boolean =>
  size % 4 === 0 && size >= 8 && size <= 512 && share <= (size < 32 ? 8 : 16) && share * size <= 2048

export interface SplitKvOptions {
  /** Whether to split at all. */
  splitKv?: boolean
  /** Into short parts: on a GPU. */
  prologues?: boolean
}

const lengthOf = ({ attrs }: Node): number =>
  attrs.WINDOW ? Math.min(Number(attrs.C), Number(attrs.WINDOW)) : Number(attrs.C)

function splits(graph: Graph, node: Node): boolean {
  if (node.op !== 'attention' || graph.tensors.get(node.inputs.q ?? '')?.shape[0] !== 1) return false
  const [H, KVH, HD] = [Number(node.attrs.H), Number(node.attrs.KVH), Number(node.attrs.HD)]
  const length = lengthOf(node)
  return length >= LONG && length <= MOST_SPLITS * CHUNK && fits(H / KVH, HD)
}

/** Keys that the row sees when the step runs. */
function seen({ attrs }: Node): Expr {
  const all = size('+', 'past', 1)
  return attrs.WINDOW ? size('min', all, Number(attrs.WINDOW)) : all
}

function split(node: Node, { prologues }: SplitKvOptions): { nodes: Node[]; tensors: Tensor[] } {
  const { H, HD, C } = node.attrs
  const length = lengthOf(node)
  const isShort = prologues && length <= MOST_SPLITS * SHORT_CHUNK
  const chunk = isShort ? SHORT_CHUNK : CHUNK
  const own = { CHUNK: chunk, SPLITS: Math.ceil(length / chunk) }
  const { q = '', k = '', v = '' } = node.inputs
  const temp = (name: string, columns: number): Tensor => ({
    name: `${node.name}.${name}`,
    kind: 'temp',
    dtype: 'f32',
    shape: [Number(H), own.SPLITS, columns],
  })
  const tensors = [temp('part', Number(HD)), temp('stats', 2)]
  const [part, stats] = tensors.map((t) => t.name) as [string, string]
  const parts: Node = {
    op: 'attention_split',
    name: `${node.name}.split`,
    inputs: { q, k, v },
    outputs: { part, stats },
    attrs: { ...node.attrs, ...own },
    sizes: { KEYS: seen(node) },
  }
  const merge: Node = {
    op: 'attention_merge',
    name: node.name,
    inputs: { part, stats },
    outputs: node.outputs,
    attrs: { H: H!, HD: HD!, C: C!, ...own, WINDOW: node.attrs.WINDOW ?? 0 },
  }
  return { nodes: [parts, merge], tensors }
}

export function splitKv(graph: Graph, options: SplitKvOptions): Graph {
  if (!options.splitKv) return graph
  const made = graph.nodes
    .filter((node) => splits(graph, node))
    .map((node) => [node, split(node, options)] as const)
  return replaceNodes(
    graph,
    new Map(made.map(([node, { nodes }]) => [node, nodes])),
    made.flatMap(([, { tensors }]) => tensors),
  )
}
