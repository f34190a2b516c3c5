import { num } from './common.js'
import { exact } from './moves.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, M: number, D: number, C: number, ROW0: number): OpCase => ({
  name,
  facts: { M, D, C, ROW0 },
})

/** What an encoder leaves for a decoder, image after image: features of one kind, in the order in which they came. */
export const put_rows: OpDef = {
  name: 'put_rows',
  doc: 'Rows of x become rows ROW0, ROW0 + 1 … of a state; the others stay.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'D'] },
    rows: { role: 'inout', kind: 'f32', shape: ['C', 'D'] },
  },
  // A size: that of the step, where rows of many runs lie one behind the other.
  attrs: { ROW0: 0 },
  reference({ x, rows }, facts) {
    const [M, D, ROW0] = [num(facts, 'M'), num(facts, 'D'), num(facts, 'ROW0')]
    rows!.set(x!.subarray(0, M * D), ROW0 * D)
  },
  tolerance: exact,
  cost: (facts) => ({ flops: 0, bytes: 8 * num(facts, 'M') * num(facts, 'D') }),
  cases: [
    at('one element', 1, 1, 1, 0),
    at('rows of quads, from the start', 3, 64, 7, 0),
    at('odd rows, to the end', 5, 37, 9, 4),
    at('long rows, in between', 2, 1100, 6, 3),
  ],
}
