import { num } from './common.js'
import { exact } from './moves.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, A: number, V: number, S: number, M: number): OpCase => ({
  name,
  facts: { A, V, S, M },
})

export const gather: OpDef = {
  name: 'gather',
  doc: 'y[a, m, s] = x[a, ids[m], s]. An id beyond the last means the last.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['A', 'V', 'S'] },
    ids: { role: 'in', kind: 'u32', shape: ['M'] },
    y: { role: 'out', kind: 'f32', shape: ['A', 'M', 'S'] },
  },
  attrs: {},
  reference({ x, ids, y }, facts) {
    const [A, V, S, M] = [num(facts, 'A'), num(facts, 'V'), num(facts, 'S'), num(facts, 'M')]
    for (let a = 0; a < A; a++)
      for (let m = 0; m < M; m++) {
        const row = a * V + Math.min(ids![m]!, V - 1)
        y!.set(x!.subarray(row * S, (row + 1) * S), (a * M + m) * S)
      }
  },
  tolerance: exact,
  cost: (facts) => ({ flops: 0, bytes: 8 * num(facts, 'A') * num(facts, 'M') * num(facts, 'S') }),
  cases: [
    at('one element', 1, 1, 1, 1),
    at('rows of quads', 1, 9, 12, 7),
    at('odd rows', 1, 9, 7, 5),
    at('along the middle axis', 3, 7, 5, 4),
    at('quads along the middle axis', 3, 7, 8, 4),
    at('along the last axis', 6, 7, 1, 5),
    at('more than a workgroup', 3, 5, 91, 3),
    at('quads, more than a workgroup', 3, 5, 100, 3),
  ],
  fill: {
    // The first, the last, one that is not there, the largest, and between.
    ids: (i, facts) => {
      const V = num(facts, 'V')
      return [0, V - 1, V, 0xffffffff, Math.floor(V / 2)][i % 5]!
    },
  },
}
