/** Attention as encoder-decoder models have it: over all rows, over a cache with distances, and across to an encoder. */
import type { Expr } from '../../../runtime/expr.js'
import { padColumns, padRows, stored } from '../../import/derived.js'
import { size } from '../../ir/size.js'
import { cachedAttention, paddedSize } from './attention.js'
import { linear } from './linear.js'
import type { Making } from './making.js'

type Part = 'q' | 'k' | 'v' | 'o'

export interface Attending {
  /** Elements of a row; those of all heads together may be more or fewer. */
  hidden: number
  heads: number
  /** Elements of a head. */
  headSize: number
  /** What scores are multiplied by. */
  scale: number
  /** Products that have a bias. */
  biased: readonly Part[]
  /** Where the products' weights are in the files. */
  names: Record<Part, string>
}

/** Added to scores by how far key and row are apart: a vector [heads * (2 span + 1)], as `sdpa` takes it. */
export interface Distances {
  table: string
  span: number
}

/** What an encoder made, as cross-attention reads it. */
export interface Crossed {
  k: string
  v: string
  /** Rows of k and v. */
  rows: Expr
  /** Of `keyMask`. */
  mask?: string | undefined
}

/** A product with weights; `from`: elements of a head in the files, where the graph's has more. */
function project(m: Making, d: Attending & { from?: number }, x: string, part: Part, at: string): string {
  const { hidden, heads, headSize, from = headSize } = d
  const shape = (head: number): [number, number] =>
    part === 'o' ? [hidden, heads * head] : [heads * head, hidden]
  const own = { from: d.names[part], bias: d.biased.includes(part) }
  if (from === headSize) return linear(m, x, `${at}.${part}`, shape(headSize), own)
  const sizes: [number, number] = [from, headSize]
  const weight = stored(`${d.names[part]}.weight`, shape(from))
  const bias = part !== 'o' && own.bias && stored(`${d.names[part]}.bias`, [heads * from])
  return linear(m, x, `${at}.${part}`, shape(headSize), {
    ...own,
    weight: m.derive(part === 'o' ? padColumns(weight, sizes) : padRows(weight, sizes)),
    ...(bias && { biasVector: m.derive(padRows(bias, sizes)) }),
  })
}

/** Keys and values of an encoder's rows, for the layers of a decoder. */
export const keysAndValues = (m: Making, d: Attending, x: string, at: string): { k: string; v: string } => ({
  k: project(m, d, x, 'k', at),
  v: project(m, d, x, 'v', at),
})

interface Scores {
  causal?: boolean
  mask?: string | undefined
  distances?: Distances | undefined
}

/** softmax(scale q kᵀ + distances + mask) v of rows that are activations. */
function mix(
  m: Making,
  d: Attending,
  { q, k, v }: Record<'q' | 'k' | 'v', string>,
  keys: Expr,
  at: string,
  { causal = false, mask, distances }: Scores = {},
): string {
  const more = {
    ...(mask !== undefined && { keymask: mask }),
    ...(distances && { distances: distances.table }),
  }
  const mixed = m.g.op(
    'sdpa',
    `${at}.attention`,
    { q, k, v, ...more },
    {
      ...{ H: d.heads, KVH: d.heads, HD: d.headSize, VD: d.headSize, SCALE: d.scale, CAUSAL: causal },
      ...{ KEYS: mask !== undefined, BIAS: distances ? 'distance' : 'none', SPAN: distances?.span ?? 0 },
    },
    { B: 1, M: m.rows, L: keys },
  )
  return project(m, d, mixed, 'o', at)
}

/** Every row of x [rows, hidden] sees every row that the mask leaves. */
export const fullAttention = (m: Making, d: Attending, x: string, at: string, scores: Scores = {}): string =>
  mix(m, d, { ...keysAndValues(m, d, x, at), q: project(m, d, x, 'q', at) }, m.rows, at, scores)

/** Rows of x [rows, hidden] see themselves and all those of earlier steps. */
export function causalAttention(
  m: Making,
  d: Attending,
  x: string,
  at: string,
  context: number,
  distances?: Distances,
): string {
  // Caches are of whole quads of elements: zeros stand behind those of the files.
  const headSize = paddedSize(d.headSize)
  const wide = { ...d, headSize, from: d.headSize }
  const own = { ...keysAndValues(m, wide, x, at), q: project(m, wide, x, 'q', at) }
  // The kernels for caches know no distances.
  if (!distances)
    return project(m, wide, cachedAttention(m, own, at, { ...wide, kvHeads: d.heads, context }), 'o', at)
  const inner = d.heads * headSize
  const kept = (name: 'k' | 'v') => {
    const cache = m.g.state(`${at}.${name}.cache`, [1, context, inner])
    const attrs = { KVH: 1, HD: inner, C: context }
    return m.g.op('kv_append', `${at}.${name}.append`, { x: own[name], cache }, attrs, { M: m.rows })
  }
  const all = { q: own.q, k: kept('k'), v: kept('v') }
  return mix(m, wide, all, size('+', 'past', m.rows), at, { causal: true, distances })
}

/** Rows of x [rows, hidden] see the rows of an encoder. */
export const crossAttention = (m: Making, d: Attending, x: string, at: string, source: Crossed): string =>
  mix(m, d, { q: project(m, d, x, 'q', at), k: source.k, v: source.v }, source.rows, at, {
    mask: source.mask,
  })
