import { F16_EPS, F32_EPS, num } from './common.js'
import { cacheFill, firstSeen, KV_TYPES, scoresOf, softmaxParts, stateBytes } from './kv.js'
import type { Facts, OpCase, OpDef } from './types.js'

/** Softmax-weighted mean of the values at positions [from, to), for one query. */
function attend(
  { q, k, v, y }: Record<'q' | 'k' | 'v' | 'y', Float64Array>,
  at: number,
  cache: number,
  [from, to]: [from: number, to: number],
  facts: Facts,
): void {
  const HD = num(facts, 'HD')
  const { weights, total } = softmaxParts(scoresOf(q, k, at, cache, [from, to], facts))
  for (let d = 0; d < HD; d++) {
    let sum = 0
    for (let p = from; p < to; p++) sum += weights[p - from]! * v[cache + p * HD + d]!
    y[at + d] = sum / total
  }
}

/** Rows, heads, KV heads, head size, capacity, past. */
type Sizes = [M: number, H: number, KVH: number, HD: number, C: number, past: number]

const sizes: [name: string, ...Sizes][] = [
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
  ['prefill, head of 256', 3, 2, 1, 256, 70, 60],
  ['prefill, head of 512', 5, 1, 1, 512, 20, 9],
  ['prefill, many chunks', 4, 1, 1, 8, 600, 550],
  ['prefill, rows past a chunk of keys', 70, 1, 1, 8, 300, 60],
]

/** Name, window, cap of scores, sizes that matrices of halves take. */
const halves: [name: string, WINDOW: number, SOFTCAP: number, ...Sizes][] = [
  ['halves', 0, 0, 40, 4, 2, 64, 100, 0],
  ['halves, past, head of 128', 0, 0, 70, 2, 1, 128, 200, 37],
  ['halves to the end, head of 80', 0, 0, 18, 3, 3, 80, 140, 122],
  ['halves, head of 16', 0, 0, 3, 2, 1, 16, 70, 66],
  ['halves, window smaller than its rows', 9, 0, 33, 2, 1, 32, 70, 3],
  ['halves, window and cap', 50, 1.5, 20, 2, 2, 48, 140, 90],
]

/** Name, window, cap of scores, sizes. */
const limited: [name: string, WINDOW: number, SOFTCAP: number, ...Sizes][] = [
  ['decode, window larger than past', 20, 0, 1, 2, 1, 8, 45, 10],
  ['decode, window of all', 11, 0, 1, 2, 1, 8, 45, 10],
  ['decode, window passed by one', 10, 0, 1, 2, 1, 8, 45, 10],
  ['decode, window of one', 1, 0, 1, 2, 2, 8, 45, 44],
  ['decode, window of a chunk', 256, 0, 1, 2, 1, 8, 600, 555],
  ['decode, window of a chunk and one', 257, 0, 1, 2, 1, 8, 600, 555],
  ['decode, cap', 0, 1.5, 1, 3, 1, 36, 50, 41],
  ['decode, window and cap', 7, 0.75, 1, 4, 2, 8, 40, 29],
  ['prefill, window larger than all', 40, 0, 5, 4, 2, 8, 45, 3],
  ['prefill, window smaller than its rows', 4, 0, 11, 2, 1, 8, 45, 3],
  ['prefill, window of one', 1, 0, 9, 2, 2, 8, 30, 11],
  ['prefill, window passes chunks', 130, 0, 12, 1, 1, 8, 600, 550],
  ['prefill, window of a chunk', 128, 0, 9, 1, 1, 8, 300, 250],
  ['prefill, cap', 0, 1.5, 5, 3, 1, 36, 50, 41],
  ['prefill, window and cap', 6, 0.75, 9, 4, 2, 8, 40, 29],
]

const at = (
  name: string,
  [M, H, KVH, HD, C, past]: Sizes,
  { KV = 'f32', WINDOW = 0, SOFTCAP = 0 }: Facts = {},
): OpCase => ({
  name: `${name}, KV=${KV}`,
  facts: { KV, M, H, KVH, HD, C, SCALE: (SOFTCAP === 0 ? 1 : 3) / Math.sqrt(HD), WINDOW, SOFTCAP },
  step: { past },
})

export const attention: OpDef = {
  name: 'attention',
  doc: 'Causal softmax attention over the cache: row m sees positions 0..past+m, or of them the last WINDOW; H/KVH query heads share a key-value head. SOFTCAP: a score s becomes SOFTCAP * tanh(s / SOFTCAP).',
  ports: {
    q: { role: 'in', kind: 'f32', shape: ['M', 'H * HD'] },
    k: { role: 'in', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    v: { role: 'in', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'H * HD'] },
  },
  attrs: {
    H: undefined,
    KVH: undefined,
    HD: undefined,
    C: undefined,
    SCALE: undefined,
    WINDOW: 0,
    SOFTCAP: 0,
  },
  reference({ q, k, v, y }, facts, { past }) {
    const [M, H, KVH] = [num(facts, 'M'), num(facts, 'H'), num(facts, 'KVH')]
    const [HD, C] = [num(facts, 'HD'), num(facts, 'C')]
    for (let m = 0; m < M; m++)
      for (let h = 0; h < H; h++) {
        const head = Math.floor(h / (H / KVH))
        const seen: [number, number] = [firstSeen(past + m, facts), past + m + 1]
        attend({ q: q!, k: k!, v: v!, y: y! }, (m * H + h) * HD, head * C * HD, seen, facts)
      }
  },
  // An error d of a score scales its weight by 1 + d: HD products, C weights, and e^x of (3 + 2|x|) ulp. A cap's
  // hyperbolic tangent is off by a few steps of 1.
  tolerance: (facts) => ({
    abs: 0,
    rel:
      (num(facts, 'HD') + num(facts, 'C') + 64 + 8 * num(facts, 'SOFTCAP')) * F32_EPS +
      // Queries and weights of 11 bits.
      (facts.E === 'f16' ? 4 * F16_EPS : 0),
  }),
  cost: (facts) => {
    const [M, H, HD, C] = [num(facts, 'M'), num(facts, 'H'), num(facts, 'HD'), num(facts, 'C')]
    return {
      flops: 4 * M * H * HD * C,
      bytes: 8 * M * H * HD + stateBytes(2 * num(facts, 'KVH') * C * HD, facts),
    }
  },
  cases: [
    ...sizes.map(([name, ...size]) => at(name, size)),
    // How the cache is stored only changes how an element is read.
    ...sizes
      .filter(([name]) => /^(one|decode, (odd|many)|prefill, (odd|head of 80|many))/.test(name))
      .map(([name, ...size]) => at(name, size, { KV: 'f16' })),
    ...KV_TYPES.filter(({ KV }) => !/f/.test(String(KV))).flatMap(({ KV }) =>
      sizes
        .filter(([name]) => /^(decode, (odd|head of 80)|prefill to)/.test(name))
        .map(([name, ...size]) => at(name, size, { KV: KV! })),
    ),
    ...limited.map(([name, WINDOW, SOFTCAP, ...size]) => at(name, size, { WINDOW, SOFTCAP })),
    ...halves.map(([name, WINDOW, SOFTCAP, ...size]) => at(name, size, { WINDOW, SOFTCAP, KV: 'f16' })),
    // One key outweighs the rest by e^90: the running maximum must move with it, early or late.
    ...[3, 90].map(
      (peak): OpCase => ({
        name: `one key far above the others, at ${peak}`,
        facts: { KV: 'f32', M: 1, H: 1, KVH: 1, HD: 8, C: 128, SCALE: 1, WINDOW: 0, SOFTCAP: 0 },
        step: { past: 100 },
        fill: {
          q: () => 1,
          k: (i, facts, step) => (Math.floor(i / 8) === peak ? 8 : 3 * cacheFill(1)(i, facts, step)),
        },
      }),
    ),
    // Rows that see one such key after another, and rows that do not yet.
    {
      name: 'halves, keys that outweigh all before',
      facts: { KV: 'f16', M: 40, H: 2, KVH: 1, HD: 48, C: 140, SCALE: 1, WINDOW: 0, SOFTCAP: 0 },
      step: { past: 80 },
      fill: {
        q: () => 1,
        k: (i, facts, step) => {
          const key = Math.floor(i / 48)
          return key % 25 === 9 ? key / 32 : cacheFill(1)(i, facts, step) / 4
        },
      },
    },
  ],
  fill: { k: cacheFill(1), v: cacheFill(2) },
}
