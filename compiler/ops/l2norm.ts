import { num, sumError } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, M: number, D: number, MODE: string, EPS = 1e-6): OpCase => ({
  name: `${name}, ${MODE}`,
  facts: { M, D, EPS, MODE },
})

export const l2norm: OpDef = {
  name: 'l2norm',
  doc: 'Rows of length 1: x / max(|x|, EPS) (MODE max, as torch.nn.functional.normalize), or x / sqrt(|x|² + EPS) (MODE add).',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'D'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { EPS: 1e-12, MODE: 'max' },
  reference({ x, y }, facts) {
    const [D, EPS] = [num(facts, 'D'), num(facts, 'EPS')]
    for (let at = 0; at < x!.length; at += D) {
      const row = x!.subarray(at, at + D)
      const squares = row.reduce((sum, v) => sum + v * v, 0)
      const size = facts.MODE === 'add' ? Math.sqrt(squares + EPS) : Math.max(Math.sqrt(squares), EPS)
      row.forEach((v, i) => {
        y![at + i] = v / size
      })
    }
  },
  tolerance: (facts) => ({ abs: 0, rel: sumError(num(facts, 'D')) }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'D')
    return { flops: 3 * n, bytes: 8 * n }
  },
  cases: ['max', 'add'].flatMap((MODE): OpCase[] => [
    at('one element', 1, 1, MODE),
    at('odd row', 5, 173, MODE),
    at('row of quads', 3, 64, MODE),
    at('row just over a workgroup of quads', 2, 260, MODE),
    at('long row', 1, 2052, MODE),
    { ...at('all zero', 2, 12, MODE), fill: { x: () => 0 } },
    {
      ...at('where EPS counts', 3, 12, MODE, 0.25),
      fill: { x: (i) => ((i % 5) - 1) * (i < 12 ? 0.02 : 0.2) },
    },
  ]),
}
