import { num } from './common.js'
import { unaryFunctions } from './scalar.js'
import type { Fill, OpCase, OpDef } from './types.js'

/** [ALPHA, BETA] where an operation has them; each another, so that none can stand for another. */
const constants: Record<string, [number, number]> = {
  elu: [0.7, 0],
  celu: [1.3, 0],
  leaky_relu: [0.2, 0],
  thresholded_relu: [0.75, 0],
  hard_sigmoid: [0.3, 0.4],
  clip: [-1.25, 2.5],
  affine: [0.3, 0.4],
  softcap: [2.5, 0],
}

/** Where an operation is defined on a part of the line, and where its result stays comparable. */
const domains: Record<string, (t: number) => number> = {
  log: (t) => 2 ** (8 * t - 4),
  sqrt: (t) => 9 * t,
  rsqrt: (t) => 0.2 + 9 * t,
  reciprocal: (t) => (t < 0.5 ? -0.3 - t : t),
  asin: (t) => 2 * t - 1,
  acos: (t) => 2 * t - 1,
  // Stays clear of poles, at odd multiples of pi / 2.
  tan: (t) => Math.PI * Math.round(6 * t - 3) + 1.5 * Math.sin(40 * t),
  sin: (t) => 60 * t - 25,
  cos: (t) => 60 * t - 25,
}

/** Values through the range of an operation, halves and zero among them. */
const spread: Fill = {
  x: (i, facts) => {
    const f = domains[String(facts.OP)] ?? ((t: number) => Math.round((12 * t - 6) * 4) / 4 + (i % 2) / 64)
    return f(((i * 37) % 101) / 100)
  },
}

/** Beyond what exp and its kind can take; results must still be what they tend to. */
const bounded = ['silu', 'gelu', 'gelu_tanh', 'quick_gelu', 'sigmoid', 'tanh', 'erf', 'softplus', 'softsign']
const tails = [
  ...bounded,
  'elu',
  'selu',
  'celu',
  'mish',
  'relu',
  'hard_sigmoid',
  'hard_swish',
  'clip',
  'exp',
  'softcap',
]
const extremes = [-1e30, -200, -88, -87, -20, 40, 88, 0]

const at = (OP: string, name: string, M: number, D: number, fill?: Fill): OpCase => {
  const [ALPHA, BETA] = constants[OP] ?? [0, 0]
  return { name: `${OP}, ${name}`, facts: { M, D, OP, ALPHA, BETA }, ...(fill && { fill }) }
}

export const unary: OpDef = {
  name: 'unary',
  doc: 'A function of every element; OP names it, ALPHA and BETA are its constants where it has any.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'D'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'D'] },
  },
  attrs: { OP: undefined, ALPHA: 0, BETA: 0 },
  reference({ x, y }, facts) {
    const { f } = unaryFunctions[String(facts.OP)]!
    // As a kernel has them.
    const [alpha, beta] = [Math.fround(num(facts, 'ALPHA')), Math.fround(num(facts, 'BETA'))]
    x!.forEach((v, i) => {
      y![i] = f(v, alpha, beta)
    })
  },
  tolerance: (facts) => unaryFunctions[String(facts.OP)]!.bound,
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'D')
    return { flops: 4 * n, bytes: 8 * n }
  },
  cases: [
    at('silu', 'one element', 1, 1),
    at('silu', 'odd row', 3, 77),
    at('silu', 'row just over a workgroup', 2, 1028),
    at('silu', 'large values', 1, 8, {
      x: (i) => [-1e30, -200, -88, -87, 88, 200, 1e4, 0][i]!,
    }),
    ...Object.keys(unaryFunctions).map((OP) => at(OP, 'its range', 3, 35, spread)),
    ...tails.map((OP) =>
      at(OP, 'far out', 1, 8, {
        x: (i) => (OP === 'exp' ? Math.min : Math.max)(extremes[i]!, OP === 'exp' ? 80 : -1e30),
      }),
    ),
    ...['exp', 'sinh', 'erf', 'gelu', 'tanh'].map((OP) =>
      at(OP, 'small values', 2, 9, { x: (i) => (i - 8) / 32 }),
    ),
    ...['sin', 'cos', 'tan'].map((OP) =>
      at(OP, 'many turns', 2, 16, { x: (i) => 600 * (i - 15) + 0.25 * i }),
    ),
    at('hard_sigmoid', 'clipped at both ends', 1, 9, { x: (i) => i - 4 }),
    at('hard_swish', 'clipped at both ends', 1, 9, { x: (i) => i - 4 }),
    at('thresholded_relu', 'at the threshold', 1, 5, { x: (i) => (i - 1) * 0.75 }),
    at('sign', 'zeros among them', 1, 9, { x: (i) => [0, -3, 0.5][i % 3]! }),
    at('not', 'zeros among them', 1, 9, { x: (i) => [0, -3, 0.5, 1][i % 4]! }),
  ],
}
