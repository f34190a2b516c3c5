import { num } from './common.js'
import { exact } from './moves.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, M: number, D: number, C: number, past: number): OpCase => ({
  name,
  facts: { M, D, C },
  step: { past },
})

/** What an encoder leaves for a decoder, image after image: features of one kind, in the order in which they came. */
export const put_rows: OpDef = {
  name: 'put_rows',
  doc: 'Rows of x become rows past, past + 1 … of a state; the others stay.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'D'] },
    rows: { role: 'inout', kind: 'f32', shape: ['C', 'D'] },
  },
  attrs: {},
  reference({ x, rows }, facts, { past }) {
    rows!.set(x!.subarray(0, num(facts, 'M') * num(facts, 'D')), past * num(facts, 'D'))
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
