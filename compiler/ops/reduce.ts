import { num, sumError } from './common.js'
import type { OpCase, OpDef } from './types.js'

const sum = (v: number[]): number => v.reduce((a, b) => a + b, 0)
const most = (v: number[]): number => v.reduce((a, b) => Math.max(a, b))

const reductions: Record<string, (v: number[]) => number> = {
  sum,
  mean: (v) => sum(v) / v.length,
  max: most,
  min: (v) => v.reduce((a, b) => Math.min(a, b)),
  prod: (v) => v.reduce((a, b) => a * b, 1),
  l1: (v) => sum(v.map(Math.abs)),
  l2: (v) => Math.sqrt(sum(v.map((x) => x * x))),
  sumsq: (v) => sum(v.map((x) => x * x)),
  logsum: (v) => Math.log(sum(v)),
  logsumexp: (v) => most(v) + Math.log(sum(v.map((x) => Math.exp(x - most(v))))),
}

const at = (
  OP: string,
  name: string,
  A: number,
  D: number,
  S: number,
  x?: (i: number) => number,
): OpCase => ({
  name: `${OP}, ${name}`,
  facts: { A, D, S, OP },
  ...(x && { fill: { x } }),
})

/** Around -1 and 1 for products, which would vanish otherwise; positive where a logarithm is taken. */
const values: Record<string, (i: number) => number> = {
  prod: (i) => (((i * 7) % 23) / 64 + 0.83) * (i % 5 === 0 ? -1 : 1),
  logsum: (i) => ((i * 7) % 23) / 16,
}

export const reduce: OpDef = {
  name: 'reduce',
  doc: 'The middle axis made one number by OP. max and min take an infinity for the largest number that there is.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['A', 'D', 'S'] },
    y: { role: 'out', kind: 'f32', shape: ['A', 'S'] },
  },
  attrs: { OP: undefined },
  reference({ x, y }, facts) {
    const [A, D, S] = [num(facts, 'A'), num(facts, 'D'), num(facts, 'S')]
    const f = reductions[String(facts.OP)]!
    for (let column = 0; column < A * S; column++) {
      const start = Math.floor(column / S) * D * S + (column % S)
      y![column] = f(Array.from({ length: D }, (_, d) => x![start + d * S]!))
    }
  },
  tolerance: (facts) => {
    if (facts.OP === 'max' || facts.OP === 'min') return { abs: 0, rel: 0 }
    const rel = sumError(num(facts, 'D'))
    // A logarithm near 0 is promised to 2^-21, and a sum's relative error is its logarithm's absolute one.
    return { abs: /^log/.test(String(facts.OP)) ? rel + 2 ** -20 : 0, rel }
  },
  cost: (facts) => {
    const n = num(facts, 'A') * num(facts, 'D') * num(facts, 'S')
    return { flops: 2 * n, bytes: 4 * n }
  },
  cases: [
    ...Object.keys(reductions).flatMap((OP) => [
      at(OP, 'rows of quads', 5, 36, 1, values[OP]),
      at(OP, 'odd rows', 3, 77, 1, values[OP]),
      at(OP, 'short rows', 37, 3, 1, values[OP]),
      at(OP, 'columns', 2, 9, 37, values[OP]),
    ]),
    at('sum', 'one element', 1, 1, 1),
    at('sum', 'one of each', 5, 1, 3),
    at('sum', 'long rows', 2, 4100, 1),
    at('mean', 'long odd rows', 1, 2051, 1),
    at('mean', 'long columns', 2, 600, 3),
    ...[1, 5].flatMap((S) => [
      at('max', `all negative, ${S}`, 3, 44, S, (i) => -1e30 * (1 + (i % 7))),
      at('min', `all positive, ${S}`, 3, 44, S, (i) => 1e30 * (1 + (i % 7))),
      at('max', `some of -inf, ${S}`, 3, 44, S, (i) => (i % 3 === 1 ? -Infinity : -i)),
      at('logsumexp', `large, ${S}`, 3, 44, S, (i) => 1000 + ((i * 7) % 23) / 8),
      at('logsumexp', `far apart, ${S}`, 3, 44, S, (i) => [-1e30, -2000, 0.5, -100][i % 4]!),
      // In the first and last place of a row, and beside one that has none.
      at('logsumexp', `one far above, ${S}`, 3, 44, S, (i) =>
        i === 43 || i === 217 ? 300 : i === 88 || i === 220 ? 900 : i % 7,
      ),
      at('prod', `a zero among them, ${S}`, 3, 44, S, (i) => (i === 50 ? 0 : 1 + (i % 3) / 128)),
    ]),
  ],
}
