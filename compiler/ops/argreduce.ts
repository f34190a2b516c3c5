import { num } from './common.js'
import type { OpCase, OpDef } from './types.js'

const kinds = ['argmax', 'argmin'].flatMap((OP) => ['first', 'last'].map((PICK) => ({ OP, PICK })))

const all = (name: string, A: number, D: number, S: number, x?: (i: number) => number): OpCase[] =>
  kinds.map((kind) => ({
    name: `${kind.PICK} ${kind.OP}, ${name}`,
    facts: { A, D, S, ...kind },
    ...(x && { fill: { x } }),
  }))

export const argreduce: OpDef = {
  name: 'argreduce',
  doc: 'Where the largest (argmax) or smallest (argmin) of the middle axis is: the first or the last of equals.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['A', 'D', 'S'] },
    y: { role: 'out', kind: 'u32', shape: ['A', 'S'] },
  },
  attrs: { OP: 'argmax', PICK: 'first' },
  reference({ x, y }, facts) {
    const [A, D, S] = [num(facts, 'A'), num(facts, 'D'), num(facts, 'S')]
    const sign = facts.OP === 'argmin' ? -1 : 1
    for (let column = 0; column < A * S; column++) {
      const start = Math.floor(column / S) * D * S + (column % S)
      const value = (d: number) => sign * x![start + d * S]!
      let best = 0
      for (let d = 1; d < D; d++)
        if (value(d) > value(best) || (facts.PICK === 'last' && value(d) === value(best))) best = d
      y![column] = best
    }
  },
  tolerance: () => ({ abs: 0, rel: 0 }),
  cost: (facts) => {
    const n = num(facts, 'A') * num(facts, 'D') * num(facts, 'S')
    return { flops: n, bytes: 4 * n }
  },
  cases: [
    ...all('one element', 1, 1, 1),
    ...all('odd rows', 5, 77, 1),
    ...all('short rows', 37, 3, 1),
    ...all('long rows with ties', 2, 300, 1, (i) => (i * 7) % 13),
    ...all('columns', 2, 9, 37),
    ...all('columns with ties', 3, 40, 5, (i) => (i * 7) % 13),
    ...all('all equal', 2, 40, 1, () => -3),
    ...all('all of -inf', 2, 40, 1, () => -Infinity),
    ...all('zeros of both signs', 2, 33, 3, (i) => (i % 2 ? 0 : -0)),
    // The last element alone is the best.
    ...all('falling', 3, 33, 1, (i) => -i),
    ...all('rising', 3, 33, 1, (i) => i),
  ],
}
