import { num, sumError } from './common.js'
import type { OpCase, OpDef } from './types.js'

const kinds = [false, true].flatMap((EXCLUSIVE) => [false, true].map((REVERSE) => ({ EXCLUSIVE, REVERSE })))

const all = (name: string, A: number, D: number, S: number): OpCase[] =>
  kinds.map((kind) => ({
    name: `${kind.EXCLUSIVE ? 'exclusive, ' : ''}${kind.REVERSE ? 'from the end, ' : ''}${name}`,
    facts: { A, D, S, ...kind },
  }))

export const cumsum: OpDef = {
  name: 'cumsum',
  doc: 'Running sums along the middle axis. EXCLUSIVE: of what is before each. REVERSE: from the end.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['A', 'D', 'S'] },
    y: { role: 'out', kind: 'f32', shape: ['A', 'D', 'S'] },
  },
  attrs: { EXCLUSIVE: false, REVERSE: false },
  reference({ x, y }, facts) {
    const [A, D, S] = [num(facts, 'A'), num(facts, 'D'), num(facts, 'S')]
    for (let column = 0; column < A * S; column++) {
      let sum = 0
      for (let step = 0; step < D; step++) {
        const d = facts.REVERSE ? D - 1 - step : step
        const i = Math.floor(column / S) * D * S + d * S + (column % S)
        y![i] = facts.EXCLUSIVE ? sum : sum + x![i]!
        sum += x![i]!
      }
    }
  },
  tolerance: (facts) => ({ abs: 0, rel: sumError(num(facts, 'D')) }),
  cost: (facts) => {
    const n = num(facts, 'A') * num(facts, 'D') * num(facts, 'S')
    return { flops: n, bytes: 8 * n }
  },
  cases: [
    ...all('one element', 1, 1, 1),
    ...all('odd rows', 3, 77, 1),
    ...all('odd columns', 3, 11, 5),
    ...all('more columns than a workgroup', 2, 6, 43),
    ...all('long rows', 2, 513, 1),
    ...all('long columns', 2, 100, 3),
  ],
}
