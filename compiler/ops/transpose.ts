import { num } from './common.js'
import { exact } from './moves.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, B: number, M: number, N: number): OpCase => ({ name, facts: { B, M, N } })

export const transpose: OpDef = {
  name: 'transpose',
  doc: 'y[b, n, m] = x[b, m, n].',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['B', 'M', 'N'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'N', 'M'] },
  },
  attrs: {},
  reference({ x, y }, facts) {
    const [B, M, N] = [num(facts, 'B'), num(facts, 'M'), num(facts, 'N')]
    for (let b = 0; b < B; b++)
      for (let m = 0; m < M; m++)
        for (let n = 0; n < N; n++) y![(b * N + n) * M + m] = x![(b * M + m) * N + n]!
  },
  tolerance: exact,
  cost: (facts) => ({ flops: 0, bytes: 8 * num(facts, 'B') * num(facts, 'M') * num(facts, 'N') }),
  cases: [
    at('one element', 1, 1, 1),
    at('odd sizes', 3, 5, 7),
    at('whole tiles', 2, 32, 64),
    at('just over a tile', 2, 33, 35),
    at('tall', 2, 70, 3),
    at('wide', 2, 2, 99),
  ],
}
