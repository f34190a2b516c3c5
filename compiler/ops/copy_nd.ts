import { num } from './common.js'
import { coordinates, denseStrides, exact, listed, numbered, product } from './moves.js'
import type { Facts, OpCase, OpDef } from './types.js'

const AXES = 6

/** Facts of a copy into dims (at most six) from x of XN elements, beginning at X0, by strides. */
export const copyFacts = (dims: number[], strides: number[], XN: number, X0 = 0): Facts => ({
  ...numbered('D', dims, AXES, 1),
  ...numbered('XS', strides, AXES, 0),
  X0,
  XN,
})

/** Facts of a transpose of x: axis k of y is axis perm[k] of x. */
export function transposeFacts(dims: number[], perm: number[]): Facts {
  const strides = denseStrides(dims)
  return copyFacts(
    perm.map((k) => dims[k]!),
    perm.map((k) => strides[k]!),
    product(dims),
  )
}

const at = (name: string, dims: number[], strides: number[], XN: number, X0 = 0): OpCase => ({
  name,
  facts: copyFacts(dims, strides, XN, X0),
})

export const copy_nd: OpDef = {
  name: 'copy_nd',
  doc: 'y[i0, …, i5] = x[X0 + Σ ik XSk]. Strides may be 0 (expand, tile) or negative (reversed).',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['XN'] },
    y: { role: 'out', kind: 'f32', shape: ['D0', 'D1', 'D2', 'D3', 'D4', 'D5'] },
  },
  attrs: {
    ...numbered('D', [], AXES, 1),
    D5: undefined,
    ...numbered('XS', [], AXES, 0),
    XS5: 1,
    X0: 0,
  },
  reference({ x, y }, facts) {
    const dims = listed(facts, 'D', AXES)
    const strides = listed(facts, 'XS', AXES)
    for (let i = 0; i < y!.length; i++) {
      const places = coordinates(i, dims).map((c, k) => c * strides[k]!)
      y![i] = x![places.reduce((a, b) => a + b, num(facts, 'X0'))]!
    }
  },
  tolerance: exact,
  cost: (facts) => ({ flops: 0, bytes: 8 * product(listed(facts, 'D', AXES)) }),
  cases: [
    at('one element', [1], [1], 3, 2),
    { name: 'transpose of two axes', facts: transposeFacts([5, 7], [1, 0]) },
    { name: 'heads to the front', facts: transposeFacts([2, 5, 3, 8], [0, 2, 1, 3]) },
    { name: 'six axes turned round', facts: transposeFacts([2, 3, 4, 5, 6, 7], [5, 3, 1, 4, 0, 2]) },
    // [B, H / h, h, W / w, w, C] with the inner axes of windows together.
    { name: 'windows, rows of quads', facts: transposeFacts([2, 3, 2, 2, 3, 4], [0, 1, 3, 2, 4, 5]) },
    { name: 'six axes, rows of quads', facts: transposeFacts([3, 2, 5, 4, 2, 8], [4, 2, 0, 3, 1, 5]) },
    at('slice with steps', [3, 4, 5], [80, 24, 3], 300, 7),
    at('slice of quads from an aligned start', [3, 8], [12, 1], 48, 4),
    at('slice of quads from an odd start', [3, 8], [12, 1], 48, 5),
    at('rows of quads at odd distances', [2, 3, 8], [40, 13, 1], 84),
    at('reversed', [4, 9], [-9, -1], 36, 35),
    at('rows of quads reversed', [5, 8], [-8, 1], 40, 32),
    at('expanded', [3, 5, 7], [0, 1, 0], 5),
    at('a row expanded', [3, 12], [0, 1], 12),
    // Each tiled axis is two: one of stride 0 before it.
    at('tiled twice', [2, 3, 3, 5], [0, 5, 0, 1], 15),
    at('just over a workgroup', [257], [2], 600, 1),
    at('quads just over a workgroup', [2, 132], [132, 1], 264),
    at('more than a row of workgroups', [11, 13, 23], [1, 11, 143], 3289),
    at('quads, more than a row of workgroups', [13, 7, 36], [36, 468, 1], 3276),
  ],
}
