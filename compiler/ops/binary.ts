import { F32_EPS, num, silu } from './common.js'
import type { OpCase, OpDef } from './types.js'

const compute: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  silu_mul: (a, b) => silu(a) * b,
}

const sizes: [name: string, M: number, D: number][] = [
  ['one element', 1, 1],
  ['odd row', 3, 77],
  ['rows of quads', 2, 64],
  ['row just over a workgroup', 2, 1028],
]

export const binary: OpDef = {
  name: 'binary',
  doc: 'Element by element. BCAST: b is one row, for every row of a.',
  ports: {
    a: { role: 'in', kind: 'f32', shape: ['M', 'D'] },
    // B is M, or 1 with BCAST.
    b: { role: 'in', kind: 'f32', shape: ['B', 'D'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { OP: undefined, BCAST: false },
  reference({ a, b, y }, facts) {
    const f = compute[String(facts.OP)]!
    const D = num(facts, 'D')
    for (let i = 0; i < y!.length; i++) y![i] = f(a![i]!, b![facts.BCAST ? i % D : i]!)
  },
  tolerance: () => ({ abs: 0, rel: 16 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'D')
    return { flops: n * (facts.OP === 'silu_mul' ? 5 : 1), bytes: (facts.BCAST ? 8 : 12) * n }
  },
  cases: [
    ...Object.keys(compute).flatMap((OP) =>
      [false, true].flatMap((BCAST) =>
        sizes.map(
          ([name, M, D]): OpCase => ({
            name: `${OP}${BCAST ? ' of a row' : ''}, ${name}`,
            facts: { M, D, B: BCAST ? 1 : M, OP, BCAST },
          }),
        ),
      ),
    ),
    {
      name: 'silu of large values',
      facts: { M: 1, D: 8, B: 1, OP: 'silu_mul', BCAST: false },
      fill: { a: (i) => [-1e30, -200, -88, -87, 88, 200, 1e4, 0][i]!, b: () => 1 },
    },
  ],
}
