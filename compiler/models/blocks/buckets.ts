/** Relative positions in buckets (Raffel et al. 2020): one bias a head for keys about as far away. */
import type { Derived } from '../../import/derived.js'
import type { Distances } from './attend.js'
import type { Making } from './making.js'

export interface Buckets {
  count: number
  /** Distances from here on share the last bucket. */
  most: number
  heads: number
  /** Whether keys before and after a row have buckets of their own; else those after it are not seen. */
  both: boolean
}

/** The bucket of a key so many positions after a row. In float32 steps: they decide at the edges of buckets. */
export function bucketOf(distance: number, { count, most, both }: Buckets): number {
  const own = both ? Math.floor(count / 2) : count
  const side = both && distance > 0 ? own : 0
  const far = both ? Math.abs(distance) : Math.max(0, -distance)
  const exact = Math.floor(own / 2)
  if (far < exact) return side + far
  const f = Math.fround
  const turns = f(f(Math.log(f(far / exact))) / f(Math.log(most / exact)))
  return side + Math.min(own - 1, exact + Math.trunc(f(turns * (own - exact))))
}

/** The biases of an embedding [buckets, heads] by distance, a row a head. */
export function bucketed(m: Making, weight: string, buckets: Buckets): Distances {
  const { count, heads, most: span } = buckets
  const width = 2 * span + 1
  const table: Derived = {
    name: `${weight}[distances]`,
    // A vector: biases stay floats, however few bits matrices have.
    shape: [heads * width],
    sources: [{ name: weight, shape: [count, heads] }],
    compute: ([values]) =>
      Float32Array.from({ length: heads * width }, (_, i) => {
        const bucket = bucketOf((i % width) - span, buckets)
        return values![bucket * heads + Math.floor(i / width)]!
      }),
  }
  return { table: m.derive(table), span }
}
