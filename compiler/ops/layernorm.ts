import { num, sumError } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, M: number, D: number, more: OpCase['facts'] = {}): OpCase => ({
  name,
  facts: { M, R: M, D, EPS: 1e-5, GAIN: true, BIAS: true, LAST: false, ...more },
})

/** Mean and 1 / sqrt(variance + eps) of some values. */
export function moments(values: Float64Array, eps: number): [mean: number, scale: number] {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length
  return [mean, 1 / Math.sqrt(variance + eps)]
}

export const layernorm: OpDef = {
  name: 'layernorm',
  doc: '(x - mean(x)) * rsqrt(variance(x) + EPS) * g + b, row by row (Ba et al. 2016). LAST: row seq-1 alone, written as row 0.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['R', 'D'] },
    g: { role: 'in', kind: 'f32', shape: ['D'], when: 'GAIN' },
    b: { role: 'in', kind: 'f32', shape: ['D'], when: 'BIAS' },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { EPS: undefined, GAIN: true, BIAS: true, LAST: false },
  reference({ x, g, b, y }, facts, { seq }) {
    const [M, D] = [num(facts, 'M'), num(facts, 'D')]
    for (let m = 0; m < M; m++) {
      const row = facts.LAST ? seq - 1 : m
      const values = x!.subarray(row * D, row * D + D)
      const [mean, scale] = moments(values, num(facts, 'EPS'))
      values.forEach((v, i) => {
        y![m * D + i] = (v - mean) * scale * (g ? g[i]! : 1) + (b ? b[i]! : 0)
      })
    }
  },
  // A row's first element is taken off before anything is summed, so that errors are relative to its spread.
  tolerance: (facts) => ({ abs: 0, rel: sumError(num(facts, 'D')) }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'D')
    return { flops: 8 * n, bytes: 8 * n + 8 * num(facts, 'D') }
  },
  cases: [
    at('one element', 1, 1),
    at('odd row', 3, 173),
    at('row shorter than a workgroup', 5, 8),
    at('row just over a workgroup of quads', 2, 260),
    at('row just over a workgroup of scalars', 2, 257),
    at('long row', 1, 2052),
    at('without gain and bias', 3, 64, { GAIN: false, BIAS: false }),
    at('without gain, odd', 2, 33, { GAIN: false }),
    at('without bias', 2, 36, { BIAS: false }),
    { ...at('last row of several', 1, 64, { R: 5, LAST: true }), step: { seq: 5, past: 3 } },
    {
      ...at('last row of one', 1, 30, { R: 1, LAST: true, GAIN: false, BIAS: false }),
      step: { seq: 1 },
    },
    { ...at('all zero', 2, 12), fill: { x: () => 0 } },
    { ...at('all equal, far from zero', 2, 13), fill: { x: (i) => (i < 13 ? 1234.5 : -0.3) } },
    { ...at('large mean', 2, 132), fill: { x: (i) => 1e3 + ((i * 37) % 101) / 128 } },
    { ...at('large mean, odd', 2, 131), fill: { x: (i) => -3e4 + ((i * 37) % 101) / 128 } },
    { ...at('first element far off', 2, 36), fill: { x: (i) => (i % 36 === 0 ? 500 : ((i * 7) % 11) / 4) } },
    { ...at('tiny values, where EPS counts', 2, 12), fill: { x: (i) => (i % 3) * 1e-3 } },
  ],
}
