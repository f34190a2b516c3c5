import { F32_EPS, label, num, silu, sumError, WEIGHTS, WEIGHTS_32, weightBytes } from './common.js'
import type { Facts, OpCase, OpDef } from './types.js'

const EPIS = ['none', 'add', 'glu']

/** A case at the width that y has of itself. */
function at(
  name: string,
  M: number,
  N: number,
  K: number,
  weight: Facts,
  EPI = 'none',
  more: Facts = {},
): OpCase {
  return {
    name: `${name}, ${label(weight)}, ${EPI}`,
    facts: { M, N, K, ...weight, EPI, LDY: EPI === 'glu' ? N / 2 : N, ...more },
  }
}

const cases: OpCase[] = [
  ...WEIGHTS.flatMap((w) => EPIS.map((epi) => at('plain', 3, 12, 160, w, epi))),
  // Where a row ends within a word, a group or a turn, formats differ.
  ...WEIGHTS_32.flatMap((w) => [
    at('sizes of 1', 1, 1, 1, w),
    at('odd sizes', 3, 7, 39, w),
    at('K not a multiple of a word or a group', 2, 6, 172, w, 'add'),
    at('long K', 1, 4, 1100, w),
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
  ]),
]

export const linear: OpDef = {
  name: 'linear',
  doc: 'y = x wᵀ; add: + r; glu: weight rows alternate gate and up, y = silu(gate) * up.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'K'] },
    w: { role: 'in', kind: 'weight', shape: ['N', 'K'] },
    r: { role: 'in', kind: 'f32', shape: ['M', 'LDY'], when: 'EPI == add' },
    y: { role: 'out', kind: 'f32', shape: ['M', 'LDY'] },
  },
  // LDY: row stride of y and r. A piece of a split weight writes its own columns of a wider y.
  attrs: { EPI: 'none', LDY: undefined },
  reference({ x, w, r, y }, facts) {
    const [M, N, K, LDY] = [num(facts, 'M'), num(facts, 'N'), num(facts, 'K'), num(facts, 'LDY')]
    const dot = (m: number, n: number) => {
      let sum = 0
      for (let k = 0; k < K; k++) sum += x![m * K + k]! * w![n * K + k]!
      return sum
    }
    for (let m = 0; m < M; m++)
      if (facts.EPI === 'glu')
        for (let i = 0; i < N / 2; i++) y![m * LDY + i] = silu(dot(m, 2 * i)) * dot(m, 2 * i + 1)
      else for (let n = 0; n < N; n++) y![m * LDY + n] = dot(m, n) + (r ? r[m * LDY + n]! : 0)
  },
  tolerance: (facts) => {
    const error = sumError(num(facts, 'K'), facts)
    // Both factors carry the error of a sum, and a large one may meet a small one; e^x is good to (3 + 2|x|) ulp.
    return { abs: 0, rel: facts.EPI === 'glu' ? 8 * error + 128 * F32_EPS : error }
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
