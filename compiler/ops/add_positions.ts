import { F32_EPS, num } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, M: number, D: number, T: number, OFFSET = 0, past = 0): OpCase => ({
  name,
  facts: { M, D, T: T * D, OFFSET },
  step: { past },
})

export const add_positions: OpDef = {
  name: 'add_positions',
  doc: 'y[m, d] = x[m, d] + table[past + m + OFFSET, d]: learned or sinusoidal positions. The table is given row by row as a vector.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'D'] },
    table: { role: 'in', kind: 'f32', shape: ['T'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { OFFSET: 0 },
  reference({ x, table, y }, facts, { past }) {
    const [D, OFFSET] = [num(facts, 'D'), num(facts, 'OFFSET')]
    x!.forEach((v, i) => {
      y![i] = v + table![(past + OFFSET) * D + i]!
    })
  },
  tolerance: () => ({ abs: 0, rel: 2 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'D')
    return { flops: n, bytes: 12 * n }
  },
  cases: [
    at('one element', 1, 1, 1),
    at('odd rows', 3, 7, 9, 0, 5),
    at('rows of quads, an offset', 5, 12, 20, 2, 11),
    at('odd rows, an offset, to the end', 4, 5, 10, 2, 4),
    at('more than a workgroup', 2, 1030, 6, 1, 3),
  ],
}
