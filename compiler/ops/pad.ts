import { num } from './common.js'
import { coordinates, denseStrides, listed, numbered, product } from './moves.js'
import type { Facts, OpCase, OpDef } from './types.js'

const AXES = 4

/** Where the value at place i of an axis of size d comes from, for i outside as well; by MODE. */
const places: Record<string, (i: number, d: number) => number | undefined> = {
  constant: (i, d) => (i >= 0 && i < d ? i : undefined),
  edge: (i, d) => Math.min(Math.max(i, 0), d - 1),
  wrap: (i, d) => ((i % d) + d) % d,
  // Mirrored at the middle of the first and the last element, as often as it takes.
  reflect(i, d) {
    let at = i
    while (d > 1 && (at < 0 || at >= d)) at = at < 0 ? -at : 2 * (d - 1) - at
    return d === 1 ? 0 : at
  },
}

/** What MODE may be. */
export const padModes = Object.keys(places)

/** Facts of x of dims (at most four) with so many elements before and after each axis. */
export const padFacts = (dims: number[], before: number[], after: number[], MODE = 'constant'): Facts => ({
  ...numbered('D', dims, AXES, 1),
  ...numbered('P', before, AXES, 0),
  ...numbered('Q', after, AXES, 0),
  MODE,
  VALUE: 0,
})

const outDims = (facts: Facts): number[] => {
  const [dims, before, after] = ['D', 'P', 'Q'].map((name) => listed(facts, name, AXES))
  return dims!.map((size, k) => before![k]! + size + after![k]!)
}

const at = (name: string, dims: number[], before: number[], after: number[], more: Facts = {}): OpCase => ({
  name,
  facts: { ...padFacts(dims, before, after), ...more },
})

export const pad: OpDef = {
  name: 'pad',
  doc: 'x with Pk elements more before axis k and Qk after it, or fewer where negative. MODE: constant (VALUE), reflect (the edge itself once), edge, wrap; all look at the whole of x.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['D0', 'D1', 'D2', 'D3'] },
    y: { role: 'out', kind: 'f32', shape: [0, 1, 2, 3].map((k) => `P${k} + D${k} + Q${k}`) },
  },
  attrs: {
    ...numbered('P', [], AXES, 0),
    ...numbered('Q', [], AXES, 0),
    MODE: 'constant',
    VALUE: 0,
  },
  reference({ x, y }, facts) {
    const place = places[String(facts.MODE)]!
    const [dims, before] = [listed(facts, 'D', AXES), listed(facts, 'P', AXES)]
    const [strides, out] = [denseStrides(dims), outDims(facts)]
    for (let i = 0; i < y!.length; i++) {
      const from = coordinates(i, out).map((c, k) => place(c - before[k]!, dims[k]!))
      const inside = from.every((c) => c !== undefined)
      y![i] = inside
        ? x![from.reduce<number>((sum, c, k) => sum + c! * strides[k]!, 0)]!
        : num(facts, 'VALUE')
    }
  },
  // VALUE is written into the kernel in decimals.
  tolerance: () => ({ abs: 0, rel: 2 ** -24 }),
  cost: (facts) => ({ flops: 0, bytes: 4 * (product(listed(facts, 'D', AXES)) + product(outDims(facts))) }),
  cases: [
    ...Object.keys(places).flatMap((MODE) => [
      at(`${MODE}, four axes`, [2, 3, 4, 5], [1, 2, 0, 3], [0, 1, 3, 2], { MODE, VALUE: -1.5 }),
      at(`${MODE}, sizes of 1`, [1, 1, 1], [2, 0, 1], [1, 3, 0], { MODE, VALUE: 2 }),
      at(`${MODE}, before only`, [3, 4], [2, 1], [0, 0], { MODE, VALUE: 0.25 }),
      at(`${MODE}, after only`, [5, 3], [0, 0], [1, 2], { MODE }),
      at(`${MODE}, cropped`, [6, 3, 7, 9], [-2, 1, -1, 2], [1, -2, 2, -3], { MODE, VALUE: 3 }),
      at(`${MODE}, several times round`, [2, 3], [5, 7], [9, 8], { MODE, VALUE: 1 }),
    ]),
    at('nothing', [1], [0], [0]),
    at('just over a workgroup', [250], [3], [6], { MODE: 'wrap' }),
    at('more than a row of workgroups', [29, 30], [1, 1], [0, 1], { MODE: 'reflect' }),
  ],
}
