import { F16_EPS, F32_EPS, num } from './common.js'
import { sdpaCases } from './sdpa_cases.js'
import type { Facts, OpDef, StepValues } from './types.js'

type Ports = Record<string, Float64Array>

/** A bias or mask at or below this hides its key, as -inf does. */
export const HIDDEN = -1e38

/** Rows and keys there are: M and L, or the step's tokens where TOKENS says so. */
export const extent = (facts: Facts, step: StepValues): [rows: number, keys: number] => [
  facts.TOKENS === 'none' ? num(facts, 'M') : step.seq,
  facts.TOKENS === 'both' ? step.seq : num(facts, 'L'),
]

interface Place {
  batch: number
  head: number
  row: number
  key: number
}

/** What is added to a score; -Infinity where the key is not seen. */
function added(
  { len, bias, distances, mask, keymask }: Ports,
  { batch, head, row, key }: Place,
  facts: Facts,
  [rows, keys]: [number, number],
): number {
  const distance = key - (row + keys - rows)
  const WINDOW = num(facts, 'WINDOW')
  if (len && key >= len[batch]!) return -Infinity
  if (facts.CAUSAL === true && distance > 0) return -Infinity
  if (WINDOW > 0 && Math.abs(distance) >= WINDOW) return -Infinity
  const terms: number[] = []
  if (bias) {
    const [BB, HB] = [num(facts, 'BB'), num(facts, 'HB')]
    terms.push(bias[(((batch % BB) * HB + (head % HB)) * rows + row) * keys + key]!)
  }
  if (distances) {
    const SPAN = num(facts, 'SPAN')
    terms.push(distances[head * (2 * SPAN + 1) + Math.min(Math.max(distance, -SPAN), SPAN) + SPAN]!)
  }
  if (keymask) terms.push(keymask[(batch % num(facts, 'KB')) * keys + key]!)
  if (mask) terms.push(mask[((batch % num(facts, 'MB')) * rows + row) * keys + key]!)
  return terms.some((term) => term <= HIDDEN) ? -Infinity : terms.reduce((a, b) => a + b, 0)
}

/** Softmax-weighted mean of the values, for one row of one head; 0 where it sees no key. */
function attend(ports: Ports, at: Omit<Place, 'key'>, facts: Facts, extents: [number, number]): number[] {
  const [q, k, v] = facts.STACKED === 1 ? [ports.q, ports.q, ports.q] : [ports.q, ports.k, ports.v]
  const [H, KVH, HD, VD] = ['H', 'KVH', 'HD', 'VD'].map((name) => num(facts, name)) as [
    number,
    number,
    number,
    number,
  ]
  const [rows, keys] = extents
  const cap = num(facts, 'SOFTCAP')
  const shared = Math.floor(at.head / (H / KVH))
  // Elements of a row of each port, and where its first head is.
  const whole = H * HD + KVH * (HD + VD)
  const stacked = facts.STACKED === 1
  const [inQ, inK, inV] = stacked ? [whole, whole, whole] : [H * HD, KVH * HD, KVH * VD]
  const [firstK, firstV] = stacked ? [H * HD, (H + KVH) * HD] : [0, 0]
  const from = (at.batch * rows + at.row) * inQ + at.head * HD
  const scores = Array.from({ length: keys }, (_, key) => {
    const more = added(ports, { ...at, key }, facts, extents)
    if (more === -Infinity) return more
    const to = (at.batch * keys + key) * inK + firstK + shared * HD
    let sum = 0
    for (let d = 0; d < HD; d++) sum += q![from + d]! * k![to + d]!
    const score = sum * num(facts, 'SCALE')
    return (cap > 0 ? cap * Math.tanh(score / cap) : score) + more
  })
  const highest = scores.reduce((a, b) => Math.max(a, b), -Infinity)
  const mean = new Array<number>(VD).fill(0)
  if (highest === -Infinity) return mean
  const weights = scores.map((score) => Math.exp(score - highest))
  const total = weights.reduce((a, b) => a + b, 0)
  weights.forEach((weight, key) => {
    if (weight === 0) return
    const value = (at.batch * keys + key) * inV + firstV + shared * VD
    for (let d = 0; d < VD; d++) mean[d]! += (weight / total) * v![value + d]!
  })
  return mean
}

/**
 * Scaled dot product attention over activations (Vaswani et al. 2017): encoders, cross-attention, vision.
 *
 * Row m stands at position m + L - M among the keys, so that the last row stands at the last key. It sees the
 * keys below its batch's length (LENGTHS), not after its position (CAUSAL), and less than WINDOW away from it
 * on either side (WINDOW > 0), whose bias and mask are above -1e38. A row that sees none is 0.
 *
 * A score is SCALE q·k; then SOFTCAP tanh(score / SOFTCAP); then bias and mask are added. `bias` repeats over
 * batches (b mod BB: the windows of an image in Swin) and heads (h mod HB); `distances` is indexed by the key's
 * position less the row's, clamped to ±SPAN (T5's buckets saturate, ALiBi has SPAN = L); `mask` is one for all
 * heads, and repeats over batches (b mod MB); `keymask` is one for all rows as well (b mod KB).
 */
export const sdpa: OpDef = {
  name: 'sdpa',
  doc: 'softmax(SCALE q kᵀ + bias) v over activations, H/KVH query heads to a key-value head. TOKENS: which of M and L are the tokens of the step. Row m stands at key m + L - M. STACKED 1: a row of q holds its key and value too. SOFTCAP 0, WINDOW 0: none.',
  ports: {
    // Heads of queries; STACKED: behind them those of keys, then those of values.
    q: { role: 'in', kind: 'f32', shape: ['B', 'M', 'H * HD + STACKED * KVH * (HD + VD)'] },
    k: { role: 'in', kind: 'f32', shape: ['B', 'L', 'KVH * HD'], when: 'STACKED == 0' },
    v: { role: 'in', kind: 'f32', shape: ['B', 'L', 'KVH * VD'], when: 'STACKED == 0' },
    len: { role: 'in', kind: 'u32', shape: ['B'], when: 'LENGTHS == true' },
    bias: { role: 'in', kind: 'f32', shape: ['BB', 'HB', 'M', 'L'], when: 'BIAS == full' },
    distances: { role: 'in', kind: 'f32', shape: ['H', '2 * SPAN + 1'], when: 'BIAS == distance' },
    mask: { role: 'in', kind: 'f32', shape: ['MB', 'M', 'L'], when: 'MASK == true' },
    keymask: { role: 'in', kind: 'f32', shape: ['KB', 'L'], when: 'KEYS == true' },
    y: { role: 'out', kind: 'f32', shape: ['B', 'M', 'H * VD'] },
  },
  attrs: {
    H: undefined,
    KVH: undefined,
    HD: undefined,
    VD: undefined,
    SCALE: undefined,
    TOKENS: 'none',
    CAUSAL: false,
    WINDOW: 0,
    SOFTCAP: 0,
    LENGTHS: false,
    BIAS: 'none',
    SPAN: 0,
    MASK: false,
    KEYS: false,
    STACKED: 0,
  },
  reference(ports, facts, step) {
    const extents = extent(facts, step)
    const [B, H, VD] = [num(facts, 'B'), num(facts, 'H'), num(facts, 'VD')]
    for (let batch = 0; batch < B; batch++)
      for (let row = 0; row < extents[0]; row++)
        for (let head = 0; head < H; head++) {
          const at = (batch * extents[0] + row) * H + head
          ports.y!.set(attend(ports, { batch, head, row }, facts, extents), at * VD)
        }
  },
  // An error d of a score scales its weight by 1 + d: HD products, L weights, e^x of (3 + 2|x|) ulp, a cap of
  // some ulp. Halves: q, k, their products, the weight, v and its product are each half a step off.
  tolerance: (facts) => ({
    abs: 0,
    rel:
      (num(facts, 'HD') + num(facts, 'L') + 64 + 16 * num(facts, 'SOFTCAP')) * F32_EPS +
      (facts.E === 'f16' ? 6 * F16_EPS : 0),
  }),
  cost: (facts) => {
    const [B, M, L] = [num(facts, 'B'), num(facts, 'M'), num(facts, 'L')]
    const [H, KVH] = [num(facts, 'H'), num(facts, 'KVH')]
    const wide = num(facts, 'HD') + num(facts, 'VD')
    return { flops: 2 * B * M * L * H * wide, bytes: 4 * B * (M * H + L * KVH) * wide }
  },
  cases: sdpaCases,
}
