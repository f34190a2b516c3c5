import { num, sumError } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, R: number, D: number, more: OpCase['facts'] = {}): OpCase => ({
  name,
  facts: { R, D, EPS: 1e-5, GAIN: true, ...more },
})

export const add_rmsnorm: OpDef = {
  name: 'add_rmsnorm',
  doc: 's = x + r, and y = s * rsqrt(mean(s²) + EPS) * g, row by row: a residual sum and the norm after it.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['R', 'D'] },
    r: { role: 'in', kind: 'f32', shape: ['R', 'D'] },
    g: { role: 'in', kind: 'f32', shape: ['D'], when: 'GAIN' },
    s: { role: 'out', kind: 'f32', shape: ['R', 'D'] },
    y: { role: 'out', kind: 'f32', shape: ['R', 'D'] },
  },
  attrs: { EPS: undefined, GAIN: true },
  reference({ x, r, g, s, y }, facts) {
    const D = num(facts, 'D')
    for (let start = 0; start < x!.length; start += D) {
      const sums = x!.subarray(start, start + D).map((v, i) => v + r![start + i]!)
      const mean = sums.reduce((total, v) => total + v * v, 0) / D
      const scale = 1 / Math.sqrt(mean + num(facts, 'EPS'))
      sums.forEach((v, i) => {
        s![start + i] = v
        y![start + i] = v * scale * (g ? g[i]! : 1)
      })
    }
  },
  tolerance: (facts) => ({ abs: 0, rel: sumError(num(facts, 'D')) }),
  cost: (facts) => {
    const n = num(facts, 'R') * num(facts, 'D')
    return { flops: 5 * n, bytes: 16 * n + 4 * num(facts, 'D') }
  },
  cases: [
    at('one element', 1, 1),
    at('odd row', 5, 173),
    at('row just over a workgroup of quads', 2, 260),
    at('long row', 1, 2052),
    at('without gain', 3, 64, { GAIN: false }),
    at('without gain, odd', 2, 33, { GAIN: false }),
    { ...at('a sum of nothing', 2, 12), fill: { x: (i) => i / 8, r: (i) => -i / 8 } },
    { ...at('tiny values, where EPS counts', 2, 12), fill: { x: (i) => (i % 3) * 1e-3, r: () => 5e-4 } },
  ],
}
