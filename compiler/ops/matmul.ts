import { num, sumError } from './common.js'
import type { OpCase, OpDef } from './types.js'

interface Sizes {
  B: number
  BB: number
  M: number
  N: number
  K: number
}

/** Both forms of b; a step whose `seq` is not M unless M is what it counts. */
function both(name: string, sizes: Sizes, SCALE = 1): OpCase[] {
  return [false, true].map((TB) => {
    // The plain cases are one of each.
    const SEQ = TB
    return {
      name: `${name}, TB=${TB}`,
      facts: { ...sizes, TB, SEQ, SCALE },
      ...(SEQ ? {} : { step: { seq: sizes.M + 2 } }),
    }
  })
}

/** The other half of what `both` leaves out. */
const crossed: OpCase[] = [false, true].map((TB) => ({
  name: `rows ${TB ? 'known' : 'of the step'}, TB=${TB}`,
  facts: { B: 4, BB: 2, M: 6, N: 9, K: 20, TB, SEQ: !TB, SCALE: -0.625 },
  ...(TB ? { step: { seq: 4 } } : {}),
}))

export const matmul: OpDef = {
  name: 'matmul',
  doc: 'y = SCALE a b for a batch of matrices; each matrix of b serves B / BB neighbours of a.',
  ports: {
    a: { role: 'in', kind: 'f32', shape: ['B', 'M', 'K'] },
    // TB: stored as [BB, N, K].
    b: { role: 'in', kind: 'f32', shape: ['BB', 'K', 'N'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'M', 'N'] },
  },
  // N must be given: which axis of b it is depends on TB. SEQ: M is the step's `seq`; lowering sees that.
  attrs: { N: undefined, TB: false, SCALE: 1, SEQ: false },
  reference({ a, b, y }, facts) {
    const [B, BB, M] = [num(facts, 'B'), num(facts, 'BB'), num(facts, 'M')]
    const [N, K, scale] = [num(facts, 'N'), num(facts, 'K'), num(facts, 'SCALE')]
    for (let batch = 0; batch < B; batch++) {
      const matrix = Math.floor(batch / (B / BB)) * K * N
      for (let m = 0; m < M; m++)
        for (let n = 0; n < N; n++) {
          let sum = 0
          for (let k = 0; k < K; k++)
            sum += a![(batch * M + m) * K + k]! * b![matrix + (facts.TB ? n * K + k : k * N + n)]!
          y![(batch * M + m) * N + n] = scale * sum
        }
    }
  },
  // Unlike a weight's, both operands' types are E's.
  tolerance: (facts) => ({ abs: 0, rel: sumError(num(facts, 'K'), { ...facts, W: 'f16' }) }),
  cost: (facts) => {
    const [B, BB, M] = [num(facts, 'B'), num(facts, 'BB'), num(facts, 'M')]
    const [N, K] = [num(facts, 'N'), num(facts, 'K')]
    return { flops: 2 * B * M * N * K, bytes: 4 * (B * M * K + BB * K * N + B * M * N) }
  },
  cases: [
    ...both('one each', { B: 3, BB: 3, M: 5, N: 7, K: 12 }),
    ...both('shared', { B: 6, BB: 2, M: 3, N: 5, K: 24 }, 0.375),
    ...crossed,
    ...both('sizes of 1', { B: 1, BB: 1, M: 1, N: 1, K: 1 }, -3),
    ...both('odd sizes', { B: 2, BB: 1, M: 9, N: 11, K: 39 }, 0.5),
    ...both('just over a tile', { B: 2, BB: 2, M: 33, N: 34, K: 36 }),
    ...both('just over a large tile', { B: 2, BB: 1, M: 67, N: 70, K: 21 }, 1.5),
    ...both('blocks of rows and columns, and what is left', { B: 1, BB: 1, M: 83, N: 21, K: 130 }, 0.75),
    ...both('long K', { B: 1, BB: 1, M: 2, N: 3, K: 1100 }),
  ],
}
