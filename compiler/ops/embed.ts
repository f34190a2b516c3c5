import { F32_EPS, label, num, WEIGHTS, WEIGHTS_32, weightBytes } from './common.js'
import type { OpCase, OpDef } from './types.js'

const base = { M: 5, V: 24, D: 40, ROW0: 0, C: 16 }

const cases: OpCase[] = [
  ...WEIGHTS.map((w): OpCase => ({ name: label(w), facts: { ...base, ...w } })),
  ...WEIGHTS_32.flatMap((w): OpCase[] => [
    { name: `sizes of 1, ${label(w)}`, facts: { ...w, M: 1, V: 1, D: 1, ROW0: 0, C: 1 } },
    { name: `odd row, ${label(w)}`, facts: { ...w, M: 3, V: 7, D: 173, ROW0: 0, C: 8 } },
    { name: `a long row, ${label(w)}`, facts: { ...w, M: 2, V: 3, D: 1100, ROW0: 0, C: 8 } },
  ]),
  ...WEIGHTS_32.filter((w) => w.W === 'f32' || w.W === 'q4').flatMap((w): OpCase[] => [
    { name: `past tokens, ${label(w)}`, facts: { ...w, ...base }, step: { past: 9 } },
    { name: `a piece of the vocabulary, ${label(w)}`, facts: { ...w, ...base, ROW0: 30 }, step: { past: 2 } },
  ]),
]

export const embed: OpDef = {
  name: 'embed',
  doc: 'Rows of a table by token id. A piece of a split table leaves the rows of other pieces alone.',
  ports: {
    tokens: { role: 'in', kind: 'u32', shape: ['C + 1'] },
    w: { role: 'in', kind: 'weight', shape: ['V', 'D'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { ROW0: 0, C: undefined },
  reference({ tokens, w, y }, facts, { past }) {
    const [M, V, D] = [num(facts, 'M'), num(facts, 'V'), num(facts, 'D')]
    for (let m = 0; m < M; m++) {
      const row = tokens![past + m]! - num(facts, 'ROW0')
      if (row >= 0 && row < V) y!.set(w!.subarray(row * D, row * D + D), m * D)
    }
  },
  // A product, and with a minimum a sum: of a number up to twice as large as the largest weight.
  tolerance: () => ({ abs: 0, rel: 2 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'D')
    return { flops: n, bytes: weightBytes(n, facts) + 4 * n }
  },
  cases,
  fill: {
    // Ids on both sides of the piece, the first and the last of it among them.
    tokens: (i, facts) => {
      const [V, row0] = [num(facts, 'V'), num(facts, 'ROW0')]
      const id = [row0, row0 + V - 1, row0 + Math.floor(V / 2), row0 - 1, row0 + V][i % 5]!
      return row0 === 0 ? Math.min(Math.max(id, 0), V - 1) : id
    },
  },
}
