import { cacheFill, F32_EPS, num, stateBytes } from './common.js'
import type { Facts, OpCase, OpDef } from './types.js'

/** Softmax-weighted mean of the values at positions 0..last, for one query. */
function attend(
  { q, k, v, y }: Record<'q' | 'k' | 'v' | 'y', Float64Array>,
  at: number,
  cache: number,
  last: number,
  facts: Facts,
): void {
  const HD = num(facts, 'HD')
  const scores = Float64Array.from({ length: last + 1 }, (_, p) => {
    let sum = 0
    for (let d = 0; d < HD; d++) sum += q[at + d]! * k[cache + p * HD + d]!
    return sum * num(facts, 'SCALE')
  })
  const max = scores.reduce((a, b) => Math.max(a, b), -Infinity)
  const weights = scores.map((s) => Math.exp(s - max))
  const total = weights.reduce((a, b) => a + b, 0)
  for (let d = 0; d < HD; d++) {
    let sum = 0
    for (let p = 0; p <= last; p++) sum += weights[p]! * v[cache + p * HD + d]!
    y[at + d] = sum / total
  }
}

/** Sizes: rows, heads, KV heads, head size, capacity, past. */
const sizes: [name: string, ...numbers: [number, number, number, number, number, number]][] = [
  ['one position', 1, 1, 1, 4, 1, 0],
  ['first token, capacity unused', 1, 4, 2, 8, 40, 0],
  ['decode, grouped heads', 1, 4, 2, 16, 64, 37],
  ['decode, odd heads', 1, 3, 1, 64, 80, 64],
  ['decode, head of 80', 1, 3, 3, 80, 140, 128],
  ['decode, head of 128, full cache', 1, 2, 1, 128, 70, 69],
  ['decode, many chunks', 1, 2, 2, 8, 600, 555],
  ['prefill', 5, 4, 2, 8, 40, 0],
  ['prefill, odd heads, past', 3, 3, 1, 16, 64, 37],
  ['prefill just over a tile', 17, 2, 2, 64, 40, 0],
  ['prefill to the end, head of 80', 9, 3, 3, 80, 140, 131],
  ['prefill, head of 128', 10, 2, 1, 128, 70, 60],
  ['prefill, many chunks', 4, 1, 1, 8, 600, 550],
  ['prefill, rows past a chunk of keys', 70, 1, 1, 8, 300, 60],
]

const at = ([name, M, H, KVH, HD, C, past]: (typeof sizes)[number], KV: string): OpCase => ({
  name: `${name}, KV=${KV}`,
  facts: { KV, M, H, KVH, HD, C, SCALE: 1 / Math.sqrt(HD) },
  step: { past },
})

export const attention: OpDef = {
  name: 'attention',
  doc: 'Causal softmax attention over the cache: row m sees positions 0..past+m; H/KVH query heads share a key-value head.',
  ports: {
    q: { role: 'in', kind: 'f32', shape: ['M', 'H * HD'] },
    k: { role: 'in', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    v: { role: 'in', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'H * HD'] },
  },
  attrs: { H: undefined, KVH: undefined, HD: undefined, C: undefined, SCALE: undefined },
  reference({ q, k, v, y }, facts, { past }) {
    const [M, H, KVH] = [num(facts, 'M'), num(facts, 'H'), num(facts, 'KVH')]
    const [HD, C] = [num(facts, 'HD'), num(facts, 'C')]
    for (let m = 0; m < M; m++)
      for (let h = 0; h < H; h++) {
        const head = Math.floor(h / (H / KVH))
        attend({ q: q!, k: k!, v: v!, y: y! }, (m * H + h) * HD, head * C * HD, past + m, facts)
      }
  },
  // An error d of a score scales its weight by 1 + d: HD products, C weights, and e^x of (3 + 2|x|) ulp.
  tolerance: (facts) => ({ abs: 0, rel: (num(facts, 'HD') + num(facts, 'C') + 64) * F32_EPS }),
  cost: (facts) => {
    const [M, H, HD, C] = [num(facts, 'M'), num(facts, 'H'), num(facts, 'HD'), num(facts, 'C')]
    return {
      flops: 4 * M * H * HD * C,
      bytes: 8 * M * H * HD + stateBytes(2 * num(facts, 'KVH') * C * HD, facts),
    }
  },
  cases: [
    ...sizes.map((size) => at(size, 'f32')),
    // What the cache is made of only changes how an element is read.
    ...sizes
      .filter(([name]) => /^(one|decode, (odd|many)|prefill, (odd|head of 80|many))/.test(name))
      .map((size) => at(size, 'f16')),
    // One key outweighs the rest by e^90: the running maximum must move with it, early or late.
    ...[3, 90].map(
      (peak): OpCase => ({
        name: `one key far above the others, at ${peak}`,
        facts: { KV: 'f32', M: 1, H: 1, KVH: 1, HD: 8, C: 128, SCALE: 1 },
        step: { past: 100 },
        fill: {
          q: () => 1,
          k: (i, facts, step) => (Math.floor(i / 8) === peak ? 8 : 3 * cacheFill(1)(i, facts, step)),
        },
      }),
    ),
  ],
  fill: { k: cacheFill(1), v: cacheFill(2) },
}
