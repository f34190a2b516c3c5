import { F32_EPS, label, num, WEIGHTS, WEIGHTS_32, weightBytes } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, Q: number, T: number, V: number, D: number, weight: OpCase['facts']): OpCase => ({
  name: `${name}, ${label(weight)}`,
  facts: { Q, T, V, D, ...weight },
})

export const codebook: OpDef = {
  name: 'codebook',
  doc: 'y[t] = Σ over q of row codes[q, t] of codebook q, as a residual quantiser decodes. A code beyond the last means the last.',
  ports: {
    codes: { role: 'in', kind: 'u32', shape: ['Q', 'T'] },
    w: { role: 'in', kind: 'weight', shape: ['Q * V', 'D'] },
    y: { role: 'out', kind: 'f32', shape: ['T', 'D'] },
  },
  // V: entries of one codebook.
  attrs: { V: undefined },
  reference({ codes, w, y }, facts) {
    const [Q, T, V, D] = [num(facts, 'Q'), num(facts, 'T'), num(facts, 'V'), num(facts, 'D')]
    for (let i = 0; i < T * D; i++) {
      const [t, d] = [Math.floor(i / D), i % D]
      y![i] = 0
      for (let q = 0; q < Q; q++) y![i] = y![i]! + w![(q * V + Math.min(codes![q * T + t]!, V - 1)) * D + d]!
    }
  },
  tolerance: (facts) => ({ abs: 0, rel: (num(facts, 'Q') + 4) * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'T') * num(facts, 'D')
    return { flops: num(facts, 'Q') * n, bytes: weightBytes(num(facts, 'Q') * n, facts) + 4 * n }
  },
  cases: [
    ...WEIGHTS.map((w) => at('plain', 3, 5, 7, 40, w)),
    ...WEIGHTS_32.map((w) => at('odd row', 2, 4, 5, 37, w)),
    at('sizes of 1', 1, 1, 1, 1, { W: 'f32', G: 32 }),
    at('just over a workgroup', 2, 3, 4, 257, { W: 'f32', G: 32 }),
  ],
  fill: {
    // The last, the first, one that is not there, the largest, and between.
    codes: (i, facts) => {
      const V = num(facts, 'V')
      return [V - 1, 0, Math.floor(V / 2), V, 1 % V, 0xffffffff, 2 % V][i % 7]!
    },
  },
}
