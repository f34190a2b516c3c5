import { num, sumError } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, M: number, D: number, more: OpCase['facts'] = {}): OpCase => ({
  name,
  facts: { M, R: M, D, EPS: 1e-5, GAIN: true, LAST: false, ...more },
})

export const rmsnorm: OpDef = {
  name: 'rmsnorm',
  doc: 'x * rsqrt(mean(x²) + EPS) * g, row by row. LAST: row seq-1 alone, written as row 0.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['R', 'D'] },
    g: { role: 'in', kind: 'f32', shape: ['D'], when: 'GAIN' },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { EPS: undefined, GAIN: true, LAST: false },
  reference({ x, g, y }, facts, { seq }) {
    const [M, D] = [num(facts, 'M'), num(facts, 'D')]
    for (let m = 0; m < M; m++) {
      const row = facts.LAST ? seq - 1 : m
      const values = x!.subarray(row * D, row * D + D)
      const mean = values.reduce((sum, v) => sum + v * v, 0) / D
      const scale = 1 / Math.sqrt(mean + num(facts, 'EPS'))
      values.forEach((v, i) => {
        y![m * D + i] = v * scale * (g ? g[i]! : 1)
      })
    }
  },
  tolerance: (facts) => ({ abs: 0, rel: sumError(num(facts, 'D')) }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'D')
    return { flops: 4 * n, bytes: 8 * n + 4 * num(facts, 'D') }
  },
  cases: [
    at('one element', 1, 1),
    at('odd row', 3, 173),
    at('many rows', 5, 6),
    at('row shorter than a workgroup', 2, 8),
    at('row just over a workgroup of quads', 2, 260),
    at('row just over a workgroup of scalars', 2, 257),
    at('long row', 1, 2052),
    at('without gain', 3, 64, { GAIN: false }),
    at('without gain, odd', 2, 33, { GAIN: false }),
    { ...at('last row of several', 1, 64, { R: 5, LAST: true }), step: { seq: 5, past: 3 } },
    { ...at('last row of one', 1, 30, { R: 1, LAST: true, GAIN: false }), step: { seq: 1 } },
    { ...at('all zero', 2, 12), fill: { x: () => 0 } },
    { ...at('tiny values, where EPS counts', 2, 12), fill: { x: (i) => (i % 3) * 1e-3 } },
  ],
}
