/** A product with a norm before it, as every half of a decoder's layer begins: one kernel where there is one row. */
import { activationNames } from './activations.js'
import { label, num, sumError } from './common.js'
import { linear } from './linear.js'
import { rmsnorm } from './rmsnorm.js'
import type { Facts, OpCase, OpDef } from './types.js'

/** Cases of linear that meet every format, epilogue and edge; what its activations do far out after a norm is no other. */
const TAKEN =
  /^(plain|odd sizes|sizes of 1|K not a|long K|a row past|columns just over a|longer than|a piece|a bias|whole groups|ACT=)/

const cases = linear.cases
  .filter(({ name }) => TAKEN.test(name))
  .map(
    ({ name, facts: { SEQ: _, ...facts } }, i): OpCase => ({
      name,
      facts: { ...facts, EPS: i % 2 === 0 ? 1e-5 : 1e-6, GAIN: name.startsWith('plain') || i % 2 === 0 },
    }),
  )

/** A gate that makes whole blocks of 32 columns, groups of 128. */
const gate = (W: string, G: number, i: number, more: Facts): OpCase => {
  const [LDY, K] = [128 * (1 + (i % 3)), 96 + 52 * (i % 5)]
  const facts = { M: 1, N: 2 * LDY, K, LDY, W, G, EPI: 'glu', BIAS: false, EPS: 1e-5, GAIN: true, ...more }
  return { name: `a gate of whole blocks, ${label({ W, G, ...more })}`, facts }
}

const gates = [
  ...['q8', 'q8a', 'q4', 'q4a', 'q3', 'q3a', 'q2', 'q2a'].map((W, i) =>
    gate(W, [64, 128, 32, 0][i % 4]!, i, { ACT: 'silu' }),
  ),
  ...['q8a', 'q4', 'q3', 'q2a'].map((W, i) => gate(W, [32, 64][i % 2]!, i, { ACT: 'silu', K: 256 })),
  ...activationNames.map((ACT, i) => gate('q4', 64, i, { ACT, BIAS: i % 2 === 0, GAIN: i % 3 > 0 })),
]

/** The first case with other values. */
const filled = (name: string, x: (i: number) => number): OpCase => ({
  ...cases[0]!,
  name,
  fill: { x },
})

export const norm_linear: OpDef = {
  name: 'norm_linear',
  doc: 'linear of rmsnorm(x): y = ACT(z wᵀ + b) with z = x * rsqrt(mean(x²) + EPS) * g, and the epilogues of linear.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'K'] },
    g: { role: 'in', kind: 'f32', shape: ['K'], when: 'GAIN' },
    w: { role: 'in', kind: 'weight', shape: ['N', 'K'] },
    r: { role: 'in', kind: 'f32', shape: ['M', 'LDY'], when: 'EPI == add' },
    b: { role: 'in', kind: 'f32', shape: ['N'], when: 'BIAS' },
    y: { role: 'out', kind: 'f32', shape: ['M', 'LDY'] },
  },
  attrs: { EPS: undefined, GAIN: true, EPI: 'none', BIAS: false, ACT: 'none', LDY: undefined },
  reference({ x, g, ...others }, facts, step) {
    const z = new Float64Array(x!.length)
    const ports = { x: x!, y: z, ...(g && { g }) }
    rmsnorm.reference(ports, { ...facts, D: facts.K!, LAST: false }, step)
    linear.reference({ ...others, x: z }, facts, step)
  },
  tolerance: (facts) => {
    // A kernel that multiplies bytes makes them itself.
    const { abs, rel } = linear.tolerance({ ...facts, ...(facts.DOT4 === true && { X: 'i8' }) })
    return { abs, rel: rel + sumError(num(facts, 'K')) }
  },
  cost: (facts) => {
    const { flops, bytes } = linear.cost(facts)
    const n = num(facts, 'M') * num(facts, 'K')
    return { flops: flops + 4 * n, bytes: bytes + 4 * num(facts, 'K') }
  },
  cases: [
    ...cases,
    ...gates,
    filled('all zero', () => 0),
    filled('tiny values, where EPS counts', (i) => (i % 3) * 1e-3),
    filled('large values', (i) => (i % 5) * 1e4 - 3),
  ],
}
