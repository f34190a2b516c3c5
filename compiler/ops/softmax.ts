import { F32_EPS, num, sumError } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, A: number, D: number, S: number, more: OpCase['facts'] = {}): OpCase => ({
  name,
  facts: { A, D, S, SCALE: 1, LOG: false, ...more },
})

/** The lowest f32: what -inf counts as, so that a row of nothing else is defined. */
const LOWEST = -3.4028234663852886e38

/** Both shapes of kernel, and both results. */
const both = (name: string, A: number, D: number, S: number, x?: (i: number) => number): OpCase[] =>
  [1, S].flatMap((s) =>
    [false, true].map((LOG) => ({
      ...at(`${name}, ${s === 1 ? 'rows' : 'columns'}${LOG ? ', log' : ''}`, A, D, s, { LOG, SCALE: 0.7 }),
      ...(x && { fill: { x } }),
    })),
  )

export const softmax: OpDef = {
  name: 'softmax',
  doc: 'softmax(SCALE x), or its logarithm (LOG), along the middle axis. Where all are -inf, all are 1 / D (PyTorch: NaN).',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['A', 'D', 'S'] },
    y: { role: 'out', kind: 'f32', shape: ['A', 'D', 'S'] },
  },
  attrs: { SCALE: 1, LOG: false },
  reference({ x, y }, facts) {
    const [A, D, S, SCALE] = [num(facts, 'A'), num(facts, 'D'), num(facts, 'S'), num(facts, 'SCALE')]
    for (let column = 0; column < A * S; column++) {
      const start = Math.floor(column / S) * D * S + (column % S)
      const values = Array.from({ length: D }, (_, d) => Math.max(x![start + d * S]!, LOWEST))
      const most = values.reduce((a, b) => Math.max(a, b))
      const shifted = values.map((v) => (v - most) * SCALE)
      const sum = shifted.reduce((total, v) => total + Math.exp(v), 0)
      shifted.forEach((v, d) => {
        y![start + d * S] = facts.LOG ? v - Math.log(sum) : Math.exp(v) / sum
      })
    }
  },
  // exp of -d is off by 3 + 2 d units and weighs e^-d; a logarithm near 0 is off by 2^-21.
  tolerance: (facts) => {
    const rel = sumError(num(facts, 'D'))
    return facts.LOG ? { abs: rel + 2 ** -20, rel: 4 * F32_EPS } : { abs: 0, rel }
  },
  cost: (facts) => {
    const n = num(facts, 'A') * num(facts, 'D') * num(facts, 'S')
    return { flops: 8 * n, bytes: 8 * n }
  },
  cases: [
    at('one element', 1, 1, 1),
    ...both('odd sizes', 3, 77, 5),
    ...both('one of each', 5, 1, 3),
    ...both('sizes of quads', 2, 68, 36),
    ...both('just over a workgroup', 4, 33, 43),
    at('long rows', 2, 4100, 1),
    at('long odd rows', 2, 2051, 1, { LOG: true }),
    at('long columns', 1, 2051, 2),
    ...both('all equal', 2, 12, 3, () => -7.5),
    ...both('far apart', 2, 12, 3, (i) => [0, -30000, 25000, 88, 24999.5][i % 5]!),
    ...both('very negative', 2, 12, 3, (i) => -1e30 * (1 + (i % 5))),
    ...[1, 3].map((S) => ({
      ...at(`some of -inf, ${S}`, 2, 12, S),
      fill: { x: (i: number) => (i % 3 === 1 || i < 4 ? -Infinity : i / 8) },
    })),
    ...[1, 3].map((S) => ({
      ...at(`all of -inf, ${S}`, 2, 12, S),
      fill: { x: () => -Infinity },
    })),
  ],
}
