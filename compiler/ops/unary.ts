import { F32_EPS, num, silu } from './common.js'
import type { OpDef } from './types.js'

const compute: Record<string, (x: number) => number> = { silu }

export const unary: OpDef = {
  name: 'unary',
  doc: 'A function of every element.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'D'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { OP: undefined },
  reference({ x, y }, facts) {
    const f = compute[String(facts.OP)]!
    x!.forEach((v, i) => {
      y![i] = f(v)
    })
  },
  tolerance: () => ({ abs: 0, rel: 16 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'D')
    return { flops: 4 * n, bytes: 8 * n }
  },
  cases: [
    { name: 'one element', facts: { M: 1, D: 1, OP: 'silu' } },
    { name: 'odd row', facts: { M: 3, D: 77, OP: 'silu' } },
    { name: 'row just over a workgroup', facts: { M: 2, D: 1028, OP: 'silu' } },
    {
      name: 'large values',
      facts: { M: 1, D: 8, OP: 'silu' },
      fill: { x: (i) => [-1e30, -200, -88, -87, 88, 200, 1e4, 0][i]! },
    },
  ],
}
