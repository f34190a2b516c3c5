import { num } from './common.js'
import { exact } from './moves.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, own: Record<string, number | boolean>, past = 0): OpCase => ({
  name,
  facts: { C: 40, TOKEN: 9, ORDER: false, ...own },
  step: { past },
})

/** An index of `order` that means `extra`. */
export const EXTRA = 0xffffffff

/**
 * Rows of features in the places of a text that stand for them (LLaVA, Liu et al. 2023): the n-th TOKEN of the text
 * takes row n, or row order[n], where EXTRA is the one row that images have in common (LLaVA-NeXT's line end).
 */
export const merge_rows: OpDef = {
  name: 'merge_rows',
  doc: 'x, with rows at tokens TOKEN replaced: the n-th of the text by features[n], or (ORDER) features[order[n]], or extra where that is 2^32 - 1. An index beyond the last means the last.',
  ports: {
    tokens: { role: 'in', kind: 'u32', shape: ['C + 1'] },
    x: { role: 'in', kind: 'f32', shape: ['M', 'D'] },
    features: { role: 'in', kind: 'f32', shape: ['F', 'D'] },
    order: { role: 'in', kind: 'u32', shape: ['O'], when: 'ORDER == true' },
    extra: { role: 'in', kind: 'f32', shape: ['D'], when: 'ORDER == true' },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { C: undefined, TOKEN: undefined, ORDER: false },
  reference({ tokens, x, features, order, extra, y }, facts, { past }) {
    const [M, D, F, TOKEN] = [num(facts, 'M'), num(facts, 'D'), num(facts, 'F'), num(facts, 'TOKEN')]
    for (let m = 0; m < M; m++) {
      const before = tokens!.subarray(0, past + m).filter((id) => id === TOKEN).length
      const n = order ? order[Math.min(before, order.length - 1)]! : before
      const row = Math.min(n, F - 1) * D
      if (tokens![past + m] !== TOKEN) y!.set(x!.subarray(m * D, (m + 1) * D), m * D)
      else y!.set(n === EXTRA && extra ? extra : features!.subarray(row, row + D), m * D)
    }
  },
  tolerance: exact,
  cost: (facts) => ({ flops: 0, bytes: 8 * num(facts, 'M') * num(facts, 'D') }),
  cases: [
    at('one element', { M: 1, D: 1, F: 1 }),
    at('rows of quads', { M: 9, D: 64, F: 20 }),
    at('odd rows, after others', { M: 7, D: 37, F: 30 }, 13),
    at('a long text', { M: 3, D: 8, F: 300, C: 900 }, 880),
    at('one row, fewer features than places', { M: 1, D: 20, F: 2 }, 32),
    at('in an order', { M: 12, D: 12, F: 9, O: 7, ORDER: true }, 5),
    at('in an order, long rows', { M: 2, D: 1100, F: 4, O: 30, ORDER: true }, 9),
  ],
  fill: {
    // Two of three places are images'.
    tokens: (i) => (i % 3 === 1 ? 5 : 9),
    order: (i, facts) => (i % 4 === 2 ? EXTRA : (i * 5) % (num(facts, 'F') + 1)),
  },
}
