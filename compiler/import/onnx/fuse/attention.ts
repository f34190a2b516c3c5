/** Attention as exporters write it, softmax(q kᵀ scale + mask) v between moves of heads, as one operator. */
import type { Graph, Node } from '../../../ir/graph.js'
import { copyFacts } from '../../../ops/copy_nd.js'
import { replaceNodes, users } from '../../../passes/rewrite.js'
import { broadcastStrides, collapse, denseStrides, ending } from '../ops/shapes.js'
import { type Look, look } from './pattern.js'

const product = (list: readonly number[]): number => list.reduce((n, d) => n * d, 1)

/** Facts that a copy has which makes `shape` of what lies by these strides. */
function facts(shape: readonly number[], strides: readonly number[]): string {
  const [dims, steps] = collapse(shape, strides) as [number[], number[]]
  return keyOf(copyFacts(ending(dims, 6, 1), ending(steps, 6, 0), product(shape)))
}

const NAMES = [0, 1, 2, 3, 4, 5].flatMap((k) => [`D${k}`, `XS${k}`])

const keyOf = (attrs: Record<string, unknown>): string =>
  [...NAMES.map((name) => attrs[name]), attrs.X0, attrs.XN].join()

/** Facts of a copy that makes axis k of what is axis perm[k] of [dims]. */
function moved(dims: readonly number[], perm: readonly number[]): string {
  const strides = denseStrides(dims)
  return facts(
    perm.map((k) => dims[k]!),
    perm.map((k) => strides[k]!),
  )
}

/** A tensor without the numbers that it is multiplied by, and their product. */
function unscaled(at: Look, tensor: string): { tensor: string; scale: number } {
  const node = at.maker(tensor)
  const factor = node?.op === 'binary' ? at.number(node.inputs.b) : undefined
  const OP = node?.attrs.OP
  if (!node || factor === undefined || (OP !== 'mul' && OP !== 'div')) return { tensor, scale: 1 }
  const rest = unscaled(at, node.inputs.a!)
  return { tensor: rest.tensor, scale: rest.scale * (OP === 'mul' ? factor : 1 / factor) }
}

interface Sizes {
  B: number
  H: number
  M: number
  L: number
  HD: number
  VD: number
}

/** What a copy of these facts was made of, with the numbers before and after it. */
function source(at: Look, tensor: string, wanted: string): { tensor: string; scale: number } | undefined {
  const after = unscaled(at, tensor)
  const copy = at.maker(after.tensor)
  if (copy?.op !== 'copy_nd' || keyOf(copy.attrs) !== wanted) return undefined
  const before = unscaled(at, copy.inputs.x!)
  return { tensor: before.tensor, scale: after.scale * before.scale }
}

/** Shapes that a mask may have which is added to scores, [B, H, M, L], and how many heads and batches it is for. */
const masks = ({ B, H, M, L }: Sizes): number[][] =>
  [
    [1, 1, 1, L],
    [B, 1, 1, L],
    [1, 1, M, L],
    [B, 1, M, L],
    [1, H, M, L],
    [B, H, M, L],
  ].filter((s, i, all) => all.findIndex((t) => t.join() === s.join()) === i)

interface Mask {
  tensor: string
  shape: number[]
}

/** The mask that a node adds to scores, by how it lies. */
function maskOf(node: Node, scores: string, sizes: Sizes): Mask | undefined {
  const tensor = node.inputs.a === scores ? node.inputs.b! : node.inputs.a!
  const swapped = node.inputs.a !== scores
  const { B, H, M, L } = sizes
  const whole = [B, H, M, L]
  if (node.op === 'binary') {
    if (node.attrs.BCAST !== true) return { tensor, shape: whole }
    if (swapped) return undefined
    // A row that repeats: the last axes.
    const D = Number(node.sizes?.D)
    const shape = [
      [1, 1, 1, L],
      [1, 1, M, L],
      [1, H, M, L],
    ].find((s) => product(s) === D)
    return shape && { tensor, shape }
  }
  const own = (shape: number[]) => {
    const [dims, a, b] = collapse(whole, denseStrides(whole), broadcastStrides(shape, whole)) as [
      ...[number[], number[], number[]],
    ]
    const [first, second] = swapped ? [b, a] : [a, b]
    return [ending(dims, 5, 1), ending(first, 5, 0), ending(second, 5, 0)].flat().join()
  }
  const list = (prefix: string) => [0, 1, 2, 3, 4].map((k) => Number(node.attrs[`${prefix}${k}`]))
  const given = [list('D'), list('AS'), list('BS')].flat().join()
  const shape = masks(sizes).find((s) => own(s) === given)
  return shape && { tensor, shape }
}

/** A mask as sdpa reads it: one for all rows, [KB, L], or of every score, [BB, HB, M, L]. */
function hiding({ tensor, shape }: Mask): Pick<Node, 'inputs' | 'attrs'> & { sizes: Record<string, number> } {
  const [B, H, rows] = shape as [number, number, number, number]
  if (H === 1 && rows === 1)
    return { inputs: { keymask: tensor }, attrs: { KEYS: true, BIAS: 'none' }, sizes: { KB: B } }
  return { inputs: { bias: tensor }, attrs: { KEYS: false, BIAS: 'full' }, sizes: { BB: B, HB: H } }
}

const divisors = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0)

/** Batches that a product may have: heads are found by trying. */
const MAX_HEADS = 4096

interface Found {
  /** The node whose output becomes sdpa's. */
  last: Node
  sdpa: Node
}

function attentionAt(at: Look, softmax: Node, readers: (tensor: string) => Node[]): Found | undefined {
  const { A, S } = softmax.sizes ?? {}
  const y = softmax.outputs.y!
  const [values] = readers(y)
  if (S !== 1 || readers(y).length !== 1 || values?.op !== 'matmul' || values.inputs.a !== y) return undefined
  const [last] = readers(values.outputs.y!)
  if (readers(values.outputs.y!).length !== 1 || last?.op !== 'copy_nd' || values.attrs.TB === true)
    return undefined
  const { B: heads, BB, M, N: VD, K: L } = values.sizes as Record<string, number>
  if (heads !== BB || heads! > MAX_HEADS || Number(A) !== heads! * M!) return undefined
  for (const H of divisors(heads!)) {
    const found = withHeads(at, softmax, values, last, { B: heads! / H, H, M: M!, L: L!, HD: 0, VD: VD! })
    if (found) return found
  }
  return undefined
}

function withHeads(at: Look, softmax: Node, values: Node, last: Node, part: Sizes): Found | undefined {
  const { B, H, M, L, VD } = part
  if (keyOf(last.attrs) !== moved([B, H, M, VD], [0, 2, 1, 3])) return undefined
  const v = source(at, values.inputs.b!, moved([B, L, H, VD], [0, 2, 1, 3]))
  if (!v) return undefined
  const outer = unscaled(at, softmax.inputs.x!)
  const sum = at.maker(outer.tensor)
  const isSum =
    outer.scale === 1 && (sum?.op === 'binary' || sum?.op === 'binary_nd') && sum.attrs.OP === 'add'
  for (const inner of isSum ? [sum.inputs.a!, sum.inputs.b!] : [outer.tensor]) {
    const { tensor: products, scale } = unscaled(at, inner)
    const scores = at.maker(products)
    if (scores?.op !== 'matmul') continue
    const { B: heads, BB, M: rows, N: keys, K: HD } = scores.sizes as Record<string, number>
    if (heads !== B * H || BB !== heads || rows !== M || keys !== L) continue
    const q = source(at, scores.inputs.a!, moved([B, M, H, HD!], [0, 2, 1, 3]))
    const kept = scores.attrs.TB === true ? [0, 2, 1, 3] : [0, 2, 3, 1]
    const k = source(at, scores.inputs.b!, moved([B, L, H, HD!], kept))
    const sizes = { ...part, HD: HD! }
    const mask = isSum ? maskOf(sum, inner, sizes) : undefined
    if (!q || !k || (isSum && !mask)) continue
    const hidden = mask && hiding(mask)
    const all = q.scale * k.scale * v.scale * scale * outer.scale
    if (v.scale !== 1) continue
    const SCALE = all * Number(scores.attrs.SCALE ?? 1) * (isSum ? 1 : Number(softmax.attrs.SCALE ?? 1))
    const attrs = {
      ...{ H, KVH: H, HD: HD!, VD, SCALE, SOFTCAP: 0, CAUSAL: false, WINDOW: 0, SPAN: 0, TOKENS: 'none' },
      ...{ LENGTHS: false, BIAS: 'none', KEYS: false, MASK: false },
      ...hidden?.attrs,
    }
    const sdpa: Node = {
      ...{ op: 'sdpa', name: softmax.name, outputs: { y: last.outputs.y! }, attrs },
      inputs: { q: q.tensor, k: k.tensor, v: v.tensor, ...hidden?.inputs },
      sizes: { B, M, L, BB: 1, HB: 1, MB: 1, KB: 1, ...hidden?.sizes },
    }
    return { last, sdpa }
  }
  return undefined
}

/** Wherever a softmax is one of attention's. What led to it is left to be pruned. */
export function fuseAttention(graph: Graph): Graph {
  const at = look(graph)
  const uses = users(graph)
  const changes = new Map<Node, Node[]>()
  const readers = (tensor: string) =>
    graph.tensors.get(tensor)?.kind === 'output' ? [] : (uses.get(tensor) ?? [])
  for (const softmax of graph.nodes) {
    if (softmax.op !== 'softmax' || softmax.attrs.LOG === true || softmax.attrs.SCALE !== 1) continue
    const found = attentionAt(at, softmax, readers)
    if (found) changes.set(found.last, [found.sdpa])
  }
  return changes.size === 0 ? graph : replaceNodes(graph, changes)
}
