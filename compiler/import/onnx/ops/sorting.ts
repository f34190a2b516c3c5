/** ONNX's TopK by counting: no kernel sorts. */
import { type At, known, type Mapping, type Value, view } from '../values.js'
import { add, BOOL, binary, INT64, mul } from './apply.js'
import { matmul } from './products.js'
import { reduced } from './reductions.js'
import { axisOf, transposed } from './shapes.js'

/** Every element is compared with every other: no more of them than this. */
const MAX_COMPARED = 1024

/** An element's rank is how many come before it; that of rank k is the one whose rank equals k. */
function topK(at: At): Value[] {
  const x = at.input(0)
  const axis = axisOf(at, at.int('axis', -1), x.shape.length)
  const K = at.must(1)[0]!
  const n = x.shape[axis]!
  if (n > MAX_COMPARED) at.refuse(`the first of ${n} elements`)
  const last = x.shape.length - 1
  const perm = x.shape.map((_, k) => (k === axis ? last : k === last ? axis : k))
  const rows = transposed(at, x, perm)
  const lead = rows.shape.slice(0, -1)
  const own = view(rows, [...lead, n, 1])
  const other = view(rows, [...lead, 1, n])
  const before = binary(at, at.int('largest', 1) ? 'less' : 'greater', own, other, BOOL)
  // Of equals the one further in front.
  const earlier = known(
    [n, n],
    BOOL,
    Array.from({ length: n * n }, (_, i) => Number(i % n < Math.floor(i / n))),
  )
  const ties = mul(at, binary(at, 'equal', own, other, BOOL), earlier)
  const rank = reduced(at, 'sum', add(at, before, ties), [last + 1], false)
  const places = known(
    [K, 1],
    BOOL,
    Array.from({ length: K }, (_, k) => k),
  )
  const chosen = binary(at, 'equal', places, view(rank, [...lead, 1, n]), 1)
  const indices = known(
    [n, 1],
    1,
    Array.from({ length: n }, (_, i) => i),
  )
  const shape = [...lead, K]
  const values = view(matmul(at, chosen, own), shape, x.type)
  return [transposed(at, values, perm), transposed(at, view(matmul(at, chosen, indices), shape, INT64), perm)]
}

export const sorting: Record<string, Mapping> = { TopK: topK }
