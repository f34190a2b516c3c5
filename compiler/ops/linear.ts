import { WHOLE_ROW } from '../formats/formats.js'
import { activation, activationNames } from './activations.js'
import { F32_EPS, label, num, sumError, WEIGHTS, WEIGHTS_32, weightBytes } from './common.js'
import type { Facts, OpCase, OpDef } from './types.js'

const EPIS = ['none', 'add', 'glu']

/**
 * A case at the width that y has of itself; a glu is SwiGLU unless it says otherwise. Plain sums have rows that are
 * known ahead, in a step of more; those with an epilogue as many as the step has tokens.
 */
function at(
  name: string,
  M: number,
  N: number,
  K: number,
  weight: Facts,
  EPI = 'none',
  more: Facts = {},
): OpCase {
  const glu = EPI === 'glu'
  const SEQ = EPI !== 'none'
  const usual = { EPI, BIAS: false, ACT: glu ? 'silu' : 'none', LDY: glu ? N / 2 : N, SEQ }
  return {
    name: `${name}, ${label(weight)}, ${EPI}`,
    facts: { M, N, K, ...weight, ...usual, ...more },
    ...(SEQ ? {} : { step: { seq: M + 2 } }),
  }
}

/** Each activation at each epilogue, with a bias in every other case. */
const activated: OpCase[] = activationNames.flatMap((ACT, a) =>
  EPIS.map((EPI, e) => {
    const BIAS = (a + e) % 2 === 0
    const more = { ACT, BIAS }
    return at(label(more), 2, 10, 20, { W: 'f32', G: 32 }, EPI, more)
  }),
)

/** Each activation where x is quantised as well. */
const activatedInts: OpCase[] = activationNames.map((ACT) => {
  const w = { W: 'q8', G: 32 }
  return at(label({ ACT, ...w }), 2, 10, 40, w, 'none', { ACT })
})

const cases: OpCase[] = [
  // An epilogue sees sums alone, so that groups of one format can share them out.
  ...WEIGHTS.flatMap((w, i) =>
    (w.G === 32 ? EPIS : EPIS.slice(i % 3, (i % 3) + 1)).map((epi) => at('plain', 3, 12, 160, w, epi)),
  ),
  // Where a row ends within a word, a group or a turn, formats differ.
  ...WEIGHTS_32.flatMap((w) => [
    at('sizes of 1', 1, 1, 1, w),
    at('odd sizes', 3, 7, 39, w),
    at('K not a multiple of a word or a group', 2, 6, 172, w, 'add'),
    at('K just over a tile', 2, 5, 33, w),
    at('long K', 1, 4, 1100, w),
  ]),
  ...WEIGHTS.filter((w) => w.G === WHOLE_ROW).map((w) => at('a row past a turn', 2, 3, 530, w)),
  // Kernels that read x eight columns at a time.
  ...WEIGHTS_32.flatMap((w) => [
    at('octs, K not a multiple of a tile', 3, 7, 72, w),
    at('octs, more rows than a matrix has', 18, 20, 40, w, 'add'),
  ]),
  ...WEIGHTS_32.filter((w) => w.W === 'f16' || w.W === 'q4').flatMap((w) => [
    at('octs, rows and columns just over a tile', 33, 34, 40, w, 'glu'),
    at('octs, rows just over a large tile, a bias', 65, 9, 72, w, 'add', { BIAS: true }),
    at('octs, columns just over a large tile', 2, 130, 56, w),
    at('octs, a whole tile and the edges of others', 66, 132, 40, w),
    at('octs, a whole tile and the edges of others', 66, 132, 40, w, 'add'),
    at('octs, whole tiles of a wider y', 64, 64, 40, w, 'add', { LDY: 70 }),
  ]),
  // Where rows and columns end, they do not.
  ...WEIGHTS_32.filter((w) => w.W === 'f32' || w.W === 'q4').flatMap((w) => [
    at('columns just over a tile', 1, 33, 128, w, 'add'),
    at('columns just over a large tile', 2, 66, 32, w, 'glu'),
    at('rows and columns just over a tile', 33, 34, 36, w, 'glu'),
    at('rows just over a large tile', 65, 9, 36, w),
    at('longer than any workgroup', 1, 3, 4100, w),
    at('a piece of a wider y', 3, 10, 64, w, 'none', { LDY: 23 }),
    at('a piece of a wider y', 3, 10, 64, w, 'add', { LDY: 64 }),
    at('a piece of a wider y', 5, 10, 64, w, 'glu', { LDY: 24 }),
    at('a bias over more than a tile', 2, 70, 36, w, 'add', { BIAS: true }),
  ]),
  // Kernels that take several words of a row at a time.
  ...WEIGHTS.filter((w) => w.W !== 'f32' && w.W !== 'f16' && (w.G === 32 || w.G === 64)).map((w) =>
    at('whole groups', 2, 7, 384, w),
  ),
  ...activated,
  ...activatedInts,
  {
    ...at('far beyond where exp is finite', 1, 8, 1, { W: 'f32', G: 32 }, 'none', { ACT: 'silu' }),
    fill: { x: () => 1, w: (i) => [-1e30, -200, -88, -87, 88, 200, 1e4, 0][i]! },
  },
]

export const linear: OpDef = {
  name: 'linear',
  doc: 'y = ACT(x wᵀ + b); add: + r; glu: weight rows alternate gate and up, y = ACT(gate + b) * (up + b).',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'K'] },
    w: { role: 'in', kind: 'weight', shape: ['N', 'K'] },
    r: { role: 'in', kind: 'f32', shape: ['M', 'LDY'], when: 'EPI == add' },
    b: { role: 'in', kind: 'f32', shape: ['N'], when: 'BIAS' },
    y: { role: 'out', kind: 'f32', shape: ['M', 'LDY'] },
  },
  // LDY: row stride of y and r. A piece of a split weight writes its own columns of a wider y. SEQ: M is the step's
  // `seq`; lowering sees that.
  attrs: { EPI: 'none', BIAS: false, ACT: 'none', LDY: undefined, SEQ: false },
  reference({ x, w, r, b, y }, facts) {
    const [M, N, K, LDY] = [num(facts, 'M'), num(facts, 'N'), num(facts, 'K'), num(facts, 'LDY')]
    const act = activation(facts.ACT)
    const dot = (m: number, n: number) => {
      let sum = b ? b[n]! : 0
      for (let k = 0; k < K; k++) sum += x![m * K + k]! * w![n * K + k]!
      return sum
    }
    for (let m = 0; m < M; m++)
      if (facts.EPI === 'glu')
        for (let i = 0; i < N / 2; i++) y![m * LDY + i] = act(dot(m, 2 * i)) * dot(m, 2 * i + 1)
      else for (let n = 0; n < N; n++) y![m * LDY + n] = act(dot(m, n)) + (r ? r[m * LDY + n]! : 0)
  },
  tolerance: (facts) => {
    const error = sumError(num(facts, 'K'), facts)
    const plain = facts.ACT === 'none'
    // An activation may make a large sum small, but not its error: slopes are below 1.2, and a sum of products
    // of numbers in [-1, 1) is below 2 sqrt(K). Its own: e^x is good to (3 + 2|x|) ulp, erf to 1.5e-7.
    const abs = plain ? 0 : 2.4 * Math.sqrt(num(facts, 'K')) * error + 4 * F32_EPS
    // Both factors of a glu carry the error of a sum, and a large one may meet a small one.
    const glu = facts.EPI === 'glu'
    return { abs: glu ? 0 : abs, rel: (glu ? 8 : 1) * error + (plain ? 0 : 128 * F32_EPS) }
  },
  cost: (facts) => {
    const [M, N, K] = [num(facts, 'M'), num(facts, 'N'), num(facts, 'K')]
    const out = facts.EPI === 'glu' ? N / 2 : N
    return {
      flops: 2 * M * N * K,
      bytes: weightBytes(N * K, facts) + 4 * M * (K + out * (facts.EPI === 'add' ? 2 : 1)),
    }
  },
  cases,
}
