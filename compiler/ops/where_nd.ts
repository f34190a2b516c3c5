import { countOf, DIMS, placesOf, strideAttrs, stridedFacts } from './binary_nd.js'
import { num } from './common.js'
import { numbered } from './moves.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, dims: number[], C: number[], A: number[], B: number[]): OpCase => ({
  name,
  facts: stridedFacts(dims, { C, A, B }),
})

export const where_nd: OpDef = {
  name: 'where_nd',
  doc: 'a where c is not 0, else b, over up to five axes, each read by its strides: 0 repeats it along an axis.',
  ports: {
    c: { role: 'in', kind: 'f32', shape: ['NC'] },
    a: { role: 'in', kind: 'f32', shape: ['NA'] },
    b: { role: 'in', kind: 'f32', shape: ['NB'] },
    y: { role: 'out', kind: 'f32', shape: DIMS },
  },
  attrs: { ...numbered('D', [], 5, 1), ...strideAttrs('C'), ...strideAttrs('A'), ...strideAttrs('B') },
  reference({ c, a, b, y }, facts) {
    placesOf(facts, ['C', 'A', 'B']).forEach(([k, i, j], to) => {
      y![to] = c![k!] !== 0 ? a![i!]! : b![j!]!
    })
  },
  tolerance: () => ({ abs: 0, rel: 0 }),
  cost: (facts) => {
    const n = countOf(facts)
    return { flops: n, bytes: 4 * (n + num(facts, 'NC') + num(facts, 'NA') + num(facts, 'NB')) }
  },
  // Zeros of both signs, and numbers that are neither 0 nor 1.
  fill: { c: (i) => [0, 1, -0, -2, 0.25, 0, 1e-30][(i * 5) % 7]! },
  cases: [
    at('one element', [1], [0], [0], [0]),
    at('five axes', [2, 3, 4, 5, 7], [60, 20, 5, 1, 0], [420, 140, 35, 7, 1], [1, 2, 6, 24, 120]),
    at('all broadcast', [3, 5, 2, 4, 6], [1, 0, 3, 0, 6], [0, 24, 0, 6, 1], [240, 0, 24, 0, 1]),
    at('a mask by rows', [3, 37], [1, 0], [37, 1], [0, 0]),
    at('more than a workgroup', [5, 53], [53, 1], [0, 0], [1, 5]),
  ],
}
