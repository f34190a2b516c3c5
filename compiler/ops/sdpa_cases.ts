/** What is awkward about attention over activations, as test cases. */
import { noise, num } from './common.js'
import type { Facts, Fill, OpCase, StepValues } from './types.js'

const plain: Facts = {
  ...{ B: 1, M: 1, L: 1, H: 1, KVH: 1, HD: 8, VD: 8 },
  ...{ TOKENS: 'none', CAUSAL: false, WINDOW: 0, SOFTCAP: 0, LENGTHS: false },
  ...{ BIAS: 'none', SPAN: 0, BB: 1, HB: 1, MASK: false, MB: 1, KEYS: false, KB: 1, STACKED: 0 },
}

const at = (name: string, own: Facts, more: Omit<OpCase, 'name' | 'facts'> = {}): OpCase => {
  const facts: Facts = { ...plain, VD: own.HD ?? 8, ...own }
  // Where no dimension is the step's, the step is of another size.
  const step = facts.TOKENS === 'none' ? { seq: 1000, past: 3 } : {}
  return { name, facts: { SCALE: 1.5 / Math.sqrt(num(facts, 'HD')), ...facts }, step, ...more }
}

/** Values of padding are NaN: nothing may read them. Index of a k or v port of `width` elements a head. */
const padded =
  (stream: number, width: 'HD' | 'VD', lengths: number[]) =>
  (i: number, facts: Facts): number => {
    const key = Math.floor(i / (num(facts, 'KVH') * num(facts, width)))
    const batch = Math.floor(key / num(facts, 'L'))
    return key % num(facts, 'L') < lengths[batch]! ? noise(i, stream) : Number.NaN
  }

const lengths = (...list: number[]): Fill => ({
  len: (b) => list[b]!,
  k: padded(1, 'HD', list),
  v: padded(2, 'VD', list),
})

/** NaN in keys that no row sees, at the beginning: a kernel that begins at its first key never reads them. */
const unseenBefore =
  (stream: number, width: 'HD' | 'VD', first: number) =>
  (i: number, facts: Facts): number =>
    Math.floor(i / (num(facts, 'KVH') * num(facts, width))) % num(facts, 'L') < first
      ? Number.NaN
      : noise(i, stream)

/** Some places hidden, by -inf, the lowest float, or the bound itself; elsewhere twice the noise. */
const holes =
  (stream: number, every: number) =>
  (i: number): number =>
    i % every === 1 ? [-Infinity, -3.4028234e38, -1e38][i % 3]! : 2 * noise(i, stream)

/** The rows of the step alone, in the head of buffers made for more. */
const some = (seq: number): { step: Partial<StepValues> } => ({ step: { seq, past: 2 } })

/** M = 1 to 4 and up, for kernels of few rows and of many. */
export const sdpaCases: OpCase[] = [
  at('one key', { HD: 4, VD: 8 }),
  at('few, grouped heads, batches', { B: 2, M: 3, L: 5, H: 4, KVH: 2, HD: 8, VD: 12 }),
  at('few, many keys', { M: 1, L: 300, H: 2, KVH: 1, HD: 16 }),
  at('few, wide heads', { B: 2, M: 2, L: 37, H: 1, HD: 256, VD: 128 }),
  at('few, wide values', { M: 2, L: 9, H: 2, KVH: 2, HD: 12, VD: 256 }),
  at('few, odd heads', { B: 2, M: 2, L: 70, H: 3, KVH: 3, HD: 10, VD: 7 }),
  at('few, odd heads of values alone', { M: 3, L: 7, H: 2, KVH: 1, HD: 20, VD: 6 }),
  at('few, head of 80, many keys', { M: 2, L: 140, H: 3, KVH: 3, HD: 80 }),
  at('many, a tile', { M: 32, L: 32, H: 2, KVH: 2, HD: 32 }),
  at('many, just over a tile, grouped heads', { B: 2, M: 33, L: 35, H: 4, KVH: 2, HD: 36, VD: 40 }),
  at('many, two tiles of keys and more', { M: 6, L: 150, H: 2, KVH: 1, HD: 64 }),
  at('many, widest heads', { B: 2, M: 9, L: 37, H: 1, HD: 256 }),
  at('many, wide values', { M: 10, L: 70, H: 2, KVH: 2, HD: 12, VD: 84 }),
  at('many, odd heads', { B: 2, M: 37, L: 43, H: 3, KVH: 3, HD: 10, VD: 7 }),
  at('many, odd heads of keys alone', { M: 5, L: 11, H: 2, KVH: 1, HD: 9, VD: 16 }),
  at('many, head of 80', { M: 19, L: 50, H: 3, KVH: 3, HD: 80 }),

  // Few rows meet every rule of who sees what; many rows those that tiles could get wrong.
  ...[3, 41].flatMap((M): OpCase[] => {
    const size = M === 3 ? 'few' : 'many'
    const own = { M, H: 4, KVH: 2, HD: 8, VD: 12 }
    const causal = { ...own, CAUSAL: true }
    const both = [
      at(`${size}, causal, keys before`, { ...causal, L: M + 70 }),
      at(`${size}, causal, fewer keys than rows`, { ...causal, B: 2, L: M - 2 }),
      at(
        `${size}, causal, window`,
        { ...causal, L: M + 79, WINDOW: 5 },
        { fill: { k: unseenBefore(1, 'HD', 75), v: unseenBefore(2, 'VD', 75) } },
      ),
      at(
        `${size}, window on both sides`,
        { ...own, L: M + 60, WINDOW: 7 },
        { fill: { k: unseenBefore(1, 'HD', 54), v: unseenBefore(2, 'VD', 54) } },
      ),
      at(`${size}, soft cap`, { ...own, L: 50, SOFTCAP: 0.75 }),
      at(`${size}, lengths`, { ...own, B: 4, L: 45, LENGTHS: true }, { fill: lengths(13, 45, 0, 37) }),
      at(
        `${size}, everything hidden`,
        { ...own, B: 2, L: 40, BIAS: 'full', BB: 2 },
        { fill: { bias: (i, f) => (Math.floor(i / 40) % num(f, 'M') === 1 ? -Infinity : noise(i, 4)) } },
      ),
      at(
        `${size}, hidden tiles first`,
        { ...own, L: 150, MASK: true },
        { fill: { mask: (i) => (i % 150 < 131 ? -3.4028234e38 : noise(i, 4)) } },
      ),
      at(
        `${size}, bias and mask`,
        { ...own, B: 4, L: 33, BIAS: 'full', HB: 4, MASK: true, MB: 2 },
        { fill: { mask: holes(5, 4) } },
      ),
      at(`${size}, distances, causal, keys before`, {
        ...causal,
        L: M + 30,
        BIAS: 'distance',
        SPAN: M + 9,
      }),
      at(
        `${size}, keys hidden from all rows`,
        { ...own, B: 4, L: 33, KEYS: true, KB: 2 },
        { fill: { keymask: holes(5, 4) } },
      ),
      at(`${size}, stacked`, { ...own, B: 2, L: M, VD: 8, STACKED: 1, CAUSAL: true }),
      at(
        `${size}, stacked, odd heads, rows of the step`,
        { ...own, L: M, HD: 6, VD: 6, STACKED: 1, TOKENS: 'both', KEYS: true },
        some(M - 1),
      ),
      // Rows of the next batch follow the step's rows at once.
      at(`${size}, rows of the step`, { ...own, B: 2, L: 23, TOKENS: 'rows', CAUSAL: true }, some(M - 1)),
      at(
        `${size}, rows and keys of the step`,
        { ...own, B: 2, L: M, TOKENS: 'both', BIAS: 'full', BB: 2, MASK: true, MB: 2, KEYS: true },
        some(M - 1),
      ),
    ]
    if (M > 3) return both
    return [
      ...both,
      at('few, causal', { ...causal, B: 2, L: M }),
      at('few, window, fewer keys than rows', { ...own, L: M - 2, WINDOW: 2 }),
      at('few, window, more rows than it reaches', { ...own, M: 4, L: 1, WINDOW: 3 }),
      at(
        'few, soft cap, scores far above it',
        { ...own, L: 20, SOFTCAP: 0.5, SCALE: 1e4 },
        { fill: { q: (i) => (i % 2 === 0 ? 1 : 0.5), k: (i) => (Math.floor(i / 16) % 3 === 0 ? -2 : 2) } },
      ),
      at(
        'few, lengths, causal window',
        { ...causal, B: 3, L: M + 6, LENGTHS: true, WINDOW: 4 },
        { fill: lengths(M, 3, M + 6) },
      ),
      // What is beyond L is not seen, whatever the length says.
      at('few, lengths beyond the keys', { ...own, B: 2, L: 6, LENGTHS: true }, { fill: { len: () => 50 } }),
      at('few, bias', { ...own, B: 5, L: 39, BIAS: 'full', BB: 3, HB: 4 }, { fill: { bias: holes(4, 5) } }),
      at('few, bias of two heads, one batch', { ...own, B: 2, L: 7, BIAS: 'full', HB: 2 }),
      at('few, distances', { ...own, B: 2, L: M, BIAS: 'distance', SPAN: 1 }),
    ]
  }),

  // One key outweighs the rest by e^80: the running maximum must move with it, early or late.
  ...[3, 130].flatMap((peak) =>
    [2, 7].map((M) =>
      at(
        `${M === 2 ? 'few' : 'many'}, peak at key ${peak}`,
        { M, L: 140, H: 1, SCALE: 1 },
        { fill: { q: () => 1, k: (i) => (Math.floor(i / 8) === peak ? 10 : 3 * noise(i, 1)) } },
      ),
    ),
  ),
  // All scores far below 0, and none above the others.
  ...[2, 7].map((M) =>
    at(
      `${M === 2 ? 'few' : 'many'}, large negative scores, all equal`,
      { M, L: 9, H: 2, KVH: 2, SCALE: 4 },
      { fill: { q: () => -100, k: () => 100 } },
    ),
  ),
]
