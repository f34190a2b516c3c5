import { num } from './common.js'
import { exact } from './moves.js'
import type { OpCase, OpDef } from './types.js'

const PARTS = ['A', 'B', 'C', 'D']

/** Parts of these lengths along the middle axis. */
function at(name: string, A: number, parts: number[], S: number): OpCase {
  const lengths = Object.fromEntries(parts.map((length, i) => [`D${PARTS[i]}`, length]))
  return {
    name: `${name}, ${parts.length}`,
    facts: { A, S, COUNT: parts.length, D: parts.reduce((a, b) => a + b), ...lengths },
  }
}

export const concat: OpDef = {
  name: 'concat',
  doc: 'COUNT (2 to 4) tensors side by side along the middle axis; D is the sum of their lengths.',
  ports: {
    a: { role: 'in', kind: 'f32', shape: ['A', 'DA', 'S'] },
    b: { role: 'in', kind: 'f32', shape: ['A', 'DB', 'S'] },
    c: { role: 'in', kind: 'f32', shape: ['A', 'DC', 'S'], when: 'COUNT >= 3' },
    d: { role: 'in', kind: 'f32', shape: ['A', 'DD', 'S'], when: 'COUNT >= 4' },
    y: { role: 'out', kind: 'f32', shape: ['A', 'D', 'S'] },
  },
  attrs: { COUNT: 2, D: undefined },
  reference({ a, b, c, d, y }, facts) {
    const A = num(facts, 'A')
    const row = y!.length / A
    for (let r = 0; r < A; r++) {
      let at = r * row
      for (const part of [a, b, c, d]) {
        if (!part) continue
        const length = part.length / A
        y!.set(part.subarray(r * length, (r + 1) * length), at)
        at += length
      }
    }
  },
  tolerance: exact,
  cost: (facts) => ({ flops: 0, bytes: 8 * num(facts, 'A') * num(facts, 'D') * num(facts, 'S') }),
  cases: [
    at('one element each', 1, [1, 1], 1),
    at('odd lengths', 3, [5, 2], 7),
    at('odd lengths', 3, [5, 2, 3], 1),
    at('odd lengths', 3, [2, 5, 3, 1], 3),
    at('rows of quads', 2, [3, 5], 8),
    at('rows of quads', 2, [3, 5, 2], 4),
    at('rows of quads', 3, [4, 8, 12, 16], 1),
    // The sum is a multiple of four, the parts are not.
    at('parts that are no quads', 2, [3, 5], 1),
    at('first part of quads', 2, [4, 5, 3], 1),
    at('third part no quads', 2, [4, 8, 5], 1),
    at('last parts no quads', 2, [4, 8, 5, 3], 1),
    at('last part no quads', 2, [4, 8, 12, 5], 1),
    at('along the first axis', 1, [3, 4, 5], 20),
    at('more than a row of workgroups', 7, [90, 103], 3),
    at('quads, more than a row of workgroups', 5, [90, 103], 8),
  ],
}
