/** From a vector a token to one a text, and from vectors to what is like what. */
import type { Tensor } from '../tensor.js'

/** mean: of the tokens that count.  cls: of the first.  last: of the last that counts (decoders). */
export type Pooling = 'mean' | 'cls' | 'last'

/** Throws RangeError unless it is [batch, tokens, size]. */
function sizesOf({ shape, data }: Tensor, mask: ArrayLike<number> | undefined): [number, number, number] {
  const [batch = 0, tokens = 0, size = 0] = shape.length === 2 ? [1, ...shape] : shape
  if (shape.length < 2 || shape.length > 3 || data.length !== batch * tokens * size) {
    throw new RangeError(`hidden states are [batch, tokens, size], not [${shape}] of ${data.length} values`)
  }
  if (mask && mask.length !== batch * tokens) {
    throw new RangeError(`a mask of ${mask.length} doesn't fit ${batch} times ${tokens} tokens`)
  }
  return [batch, tokens, size]
}

/** Weight of every token: what each way of pooling is. */
const WEIGHTS: Record<Pooling, (mask: number[]) => number[]> = {
  mean: (mask) => {
    const count = mask.reduce((a, b) => a + b, 0)
    return mask.map((m) => m / Math.max(count, 1e-9))
  },
  cls: (mask) => mask.map((_, i) => (i ? 0 : 1)),
  last: (mask) => mask.map((_, i) => (i === mask.lastIndexOf(1) ? 1 : 0)),
}

/**
 * One vector a text: [batch, size] of [batch, tokens, size] (or [tokens, size]).
 * `mask`: [batch, tokens], 1 for the tokens that count; all by default.
 */
export function pool(hidden: Tensor, mask?: ArrayLike<number>, pooling: Pooling = 'mean'): Tensor {
  const [batch, tokens, size] = sizesOf(hidden, mask)
  const data = new Float32Array(batch * size)
  for (let b = 0; b < batch; b++) {
    const own = Array.from({ length: tokens }, (_, t) => (!mask || mask[b * tokens + t] ? 1 : 0))
    const sum = new Float64Array(size)
    WEIGHTS[pooling](own).forEach((w, t) => {
      if (w === 0) return
      const from = (b * tokens + t) * size
      for (let i = 0; i < size; i++) sum[i]! += w * hidden.data[from + i]!
    })
    data.set(sum, b * size)
  }
  return { dtype: 'f32', shape: [batch, size], data }
}

/** Every row of [rows, size] at length 1, so that a dot product is the cosine. Rows of zeros stay. */
export function normalizeRows(rows: Tensor): Tensor {
  const size = rows.shape.at(-1) ?? 0
  const data = Float32Array.from(rows.data)
  for (let at = 0; size && at < data.length; at += size) {
    const row = data.subarray(at, at + size)
    const length = Math.sqrt(row.reduce((sum, v) => sum + v * v, 0)) || 1
    row.forEach((v, i) => {
      row[i] = v / length
    })
  }
  return { dtype: 'f32', shape: [...rows.shape], data }
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`vectors of ${a.length} and ${b.length} don't compare`)
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** -1 to 1: how alike two vectors are, whatever their lengths. 0 when one of them is 0. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const lengths = Math.sqrt(dot(a, a) * dot(b, b))
  return lengths ? dot(a, b) / lengths : 0
}

export interface Match {
  /** Row of the collection. */
  index: number
  /** Cosine. */
  score: number
}

/**
 * The `k` rows that are most like a query, best first. `rows`: vectors one after another, each as long as the
 * query. Holds `k` results, however many rows there are.
 */
export function search(query: ArrayLike<number>, rows: Float32Array, k: number): Match[] {
  const size = query.length
  if (!size || rows.length % size) throw new RangeError(`${rows.length} values are no rows of ${size}`)
  if (!(k > 0)) return []
  const found: Match[] = []
  for (let index = 0; index < rows.length / size; index++) {
    const score = cosine(query, rows.subarray(index * size, (index + 1) * size))
    if (found.length >= k && score <= found.at(-1)!.score) continue
    // The first of equals stays before the others.
    let at = found.length
    while (at > 0 && found[at - 1]!.score < score) at--
    found.splice(at, 0, { index, score })
    if (found.length > k) found.pop()
  }
  return found
}
