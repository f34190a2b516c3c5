import { F32_EPS, num, ROPE_SHAPE, ropeTableValue, rotation } from './common.js'
import type { OpDef } from './types.js'

/**
 * Turns the pairs (i, i + HD/2) of one head by its position. `at` is where the head begins, in both arrays.
 */
export function rotateHead(
  from: Float64Array,
  to: Float64Array,
  at: number,
  target: number,
  turn: (i: number) => [cos: number, sin: number],
  half: number,
): void {
  for (let i = 0; i < half; i++) {
    const [cos, sin] = turn(i)
    const [a, b] = [from[at + i]!, from[at + i + half]!]
    to[target + i] = a * cos - b * sin
    to[target + i + half] = a * sin + b * cos
  }
}

export const rope: OpDef = {
  name: 'rope',
  doc: 'Rotary positions: pairs (i, i + HD/2) of each head, turned by (past + row) * f_i. The table holds cos and sin of coarse steps of 64, then of 64 fine ones.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'H * HD'] },
    table: { role: 'in', kind: 'f32', shape: ROPE_SHAPE },
    y: { role: 'out', kind: 'f32', shape: ['M', 'H * HD'] },
  },
  attrs: { H: undefined, HD: undefined, C: undefined },
  reference({ x, table, y }, facts, { past }) {
    const [M, H, HD] = [num(facts, 'M'), num(facts, 'H'), num(facts, 'HD')]
    for (let m = 0; m < M; m++)
      for (let h = 0; h < H; h++) {
        const at = (m * H + h) * HD
        rotateHead(x!, y!, at, at, (i) => rotation(table!, past + m, i, facts), HD / 2)
      }
  },
  tolerance: () => ({ abs: 0, rel: 8 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'H') * num(facts, 'HD')
    return { flops: 6 * n, bytes: 16 * n }
  },
  cases: [
    { name: 'one pair', facts: { M: 1, H: 1, HD: 2, C: 1 } },
    { name: 'odd heads', facts: { M: 3, H: 3, HD: 8, C: 16 }, step: { past: 5 } },
    { name: 'odd half', facts: { M: 2, H: 5, HD: 10, C: 70 }, step: { past: 63 } },
    { name: 'across a coarse row', facts: { M: 5, H: 2, HD: 64, C: 200 }, step: { past: 126 } },
    { name: 'head of 80, last position', facts: { M: 2, H: 3, HD: 80, C: 130 }, step: { past: 128 } },
    { name: 'head of 128, more than a workgroup', facts: { M: 1, H: 5, HD: 128, C: 64 }, step: { past: 63 } },
  ],
  fill: { table: ropeTableValue },
}
