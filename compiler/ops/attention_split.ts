import { F32_EPS, num } from './common.js'
import { cacheFill, firstSeen, KV_TYPES, mostSeen, scoresOf, softmaxParts, stateBytes } from './kv.js'
import type { Facts, OpCase, OpDef } from './types.js'

/** Heads, KV heads, head size, capacity, past, keys of a split. */
type Sizes = [H: number, KVH: number, HD: number, C: number, past: number, CHUNK: number]

const sizes: [name: string, ...Sizes][] = [
  ['one position', 1, 1, 4, 1, 0, 64],
  ['first token, capacity unused', 4, 2, 8, 70, 0, 32],
  ['to the end of a split', 3, 3, 64, 100, 63, 64],
  ['one key in the second split', 3, 3, 64, 100, 64, 64],
  ['three heads share', 3, 1, 36, 70, 66, 32],
  ['four heads share, head of 80', 8, 2, 80, 99, 97, 32],
  ['six heads share, head of 128', 6, 1, 128, 75, 70, 64],
  ['eight heads share', 16, 2, 8, 150, 140, 64],
  ['sixteen heads share', 16, 1, 20, 40, 37, 32],
  ['head of 256', 2, 1, 256, 40, 38, 32],
  ['large splits, full cache', 2, 1, 8, 260, 259, 128],
  ['largest splits', 2, 2, 12, 300, 290, 256],
]

/** Name, window, cap of scores, sizes. */
const limited: [name: string, WINDOW: number, SOFTCAP: number, ...Sizes][] = [
  ['window larger than past', 60, 0, 2, 1, 8, 75, 40, 32],
  ['window of a split', 32, 0, 2, 1, 8, 75, 70, 32],
  ['window of a split and one', 33, 0, 2, 1, 8, 75, 70, 32],
  ['window passed by one', 70, 0, 2, 1, 8, 75, 70, 32],
  ['cap', 0, 1.5, 3, 1, 36, 75, 70, 64],
  ['window and cap', 45, 0.75, 4, 2, 8, 100, 90, 32],
]

/** Keys that the row sees, and the facts that follow from the others. */
function derived(facts: Facts, past: number): Facts {
  const KEYS = past + 1 - firstSeen(past, facts)
  return { ...facts, KEYS, SPLITS: Math.ceil(mostSeen(facts) / num(facts, 'CHUNK')) }
}

const at = (
  name: string,
  [H, KVH, HD, C, past, CHUNK]: Sizes,
  { KV = 'f32', WINDOW = 0, SOFTCAP = 0 }: Facts = {},
): OpCase => ({
  name: `${name}, KV=${KV}`,
  facts: derived(
    { KV, H, KVH, HD, C, CHUNK, SCALE: (SOFTCAP === 0 ? 1 : 3) / Math.sqrt(HD), WINDOW, SOFTCAP },
    past,
  ),
  step: { past },
})

export const attention_split: OpDef = {
  name: 'attention_split',
  doc: 'Attention of one row over splits of CHUNK of the KEYS keys that it sees (as `attention` says): of each head and split the greatest score m, the sum of e^(s - m), and the values weighted by e^(s - m).',
  ports: {
    q: { role: 'in', kind: 'f32', shape: ['1', 'H * HD'] },
    k: { role: 'in', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    v: { role: 'in', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    part: { role: 'out', kind: 'f32', shape: ['H', 'SPLITS', 'HD'] },
    stats: { role: 'out', kind: 'f32', shape: ['H', 'SPLITS', '2'] },
  },
  attrs: {
    H: undefined,
    KVH: undefined,
    HD: undefined,
    C: undefined,
    SCALE: undefined,
    CHUNK: undefined,
    SPLITS: undefined,
    WINDOW: 0,
    SOFTCAP: 0,
  },
  reference({ q, k, v, part, stats }, facts, { past }) {
    const [H, KVH, HD, C] = ['H', 'KVH', 'HD', 'C'].map((name) => num(facts, name)) as [
      number,
      number,
      number,
      number,
    ]
    const [CHUNK, SPLITS] = [num(facts, 'CHUNK'), num(facts, 'SPLITS')]
    const start = firstSeen(past, facts)
    for (let h = 0; h < H; h++) {
      const cache = Math.floor(h / (H / KVH)) * C * HD
      for (let s = 0; start + s * CHUNK <= past; s++) {
        const from = start + s * CHUNK
        const to = Math.min(from + CHUNK, past + 1)
        const { max, weights, total } = softmaxParts(scoresOf(q!, k!, h * HD, cache, [from, to], facts))
        const row = h * SPLITS + s
        stats!.set([max, total], row * 2)
        for (let d = 0; d < HD; d++) {
          let sum = 0
          for (let p = from; p < to; p++) sum += weights[p - from]! * v![cache + p * HD + d]!
          part![row * HD + d] = sum
        }
      }
    }
  },
  // As attention's; sums are not divided, and grow with the keys as the largest does.
  tolerance: (facts) => ({
    abs: 0,
    rel: (num(facts, 'HD') + num(facts, 'CHUNK') + 64 + 8 * num(facts, 'SOFTCAP')) * F32_EPS,
  }),
  cost: (facts) => {
    const [H, HD, SPLITS] = [num(facts, 'H'), num(facts, 'HD'), num(facts, 'SPLITS')]
    const C = mostSeen(facts)
    return {
      flops: 4 * H * HD * C,
      bytes: 4 * H * (HD + SPLITS * (HD + 2)) + stateBytes(2 * num(facts, 'KVH') * C * HD, facts),
    }
  },
  cases: [
    ...sizes.map(([name, ...size]) => at(name, size)),
    ...KV_TYPES.filter(({ KV }) => KV !== 'f32').flatMap(({ KV }) =>
      sizes
        .filter(([name]) => (KV === 'q4' ? /^(four|six)/ : /^four/).test(name))
        .map(([name, ...size]) => at(name, size, { KV: KV! })),
    ),
    ...limited.map(([name, WINDOW, SOFTCAP, ...size]) => at(name, size, { WINDOW, SOFTCAP })),
    ...[3, 90].map(
      (peak): OpCase => ({
        name: `one key far above the others, at ${peak}`,
        facts: derived(
          { KV: 'f32', H: 1, KVH: 1, HD: 8, C: 128, SCALE: 1, CHUNK: 64, WINDOW: 0, SOFTCAP: 0 },
          100,
        ),
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
