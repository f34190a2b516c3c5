import { F32_EPS, label, num, ropeTableValue, rotation, sumError } from './common.js'
import { KV_TYPES, stateBytes, storeError } from './kv.js'
import { rotateHead } from './rope.js'
import type { Facts, OpCase, OpDef } from './types.js'

/** A head, or what RMSNorm with these gains makes of it. */
function normed(head: Float64Array, gains: Float64Array | undefined, facts: Facts): Float64Array {
  if (!gains) return head
  const mean = head.reduce((sum, x) => sum + x * x, 0) / head.length
  const scale = 1 / Math.sqrt(mean + num(facts, 'EPS'))
  return head.map((x, i) => x * scale * gains[i]!)
}

/** A table of F pairs, whatever the head's size. */
const ofPairs = (facts: Facts): Facts => ({ ...facts, HD: 2 * num(facts, 'F') })

/** F: half of the head, and no norm, unless a case says otherwise. */
const at = (name: string, facts: Facts, past = 0): OpCase => ({
  name,
  facts: { F: num(facts, 'HD') / 2, NORM: false, EPS: 0, ...facts },
  step: { past },
})

export const rope_kv: OpDef = {
  name: 'rope_kv',
  doc: 'What follows the stacked query, key and value projection: turns the first F pairs (i, i + F) of queries into q and of keys into cache k, writes values into cache v. NORM: each head of queries and keys goes through RMSNorm with gains qg and kg before.',
  ports: {
    qkv: { role: 'in', kind: 'f32', shape: ['M', '(H + 2 * KVH) * HD'] },
    table: { role: 'in', kind: 'f32', shape: ['ceil(C / 64) + 64', 'F', '2'] },
    qg: { role: 'in', kind: 'f32', shape: ['HD'], when: 'NORM' },
    kg: { role: 'in', kind: 'f32', shape: ['HD'], when: 'NORM' },
    q: { role: 'out', kind: 'f32', shape: ['M', 'H * HD'] },
    k: { role: 'inout', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    v: { role: 'inout', kind: 'state', shape: ['KVH', 'C', 'HD'] },
  },
  attrs: { H: undefined, KVH: undefined, HD: undefined, C: undefined, NORM: false, EPS: 0 },
  reference({ qkv, table, qg, kg, q, k, v }, facts, { past }) {
    const [M, H, KVH] = [num(facts, 'M'), num(facts, 'H'), num(facts, 'KVH')]
    const [HD, C] = [num(facts, 'HD'), num(facts, 'C')]
    for (let m = 0; m < M; m++) {
      const row = m * (H + 2 * KVH) * HD
      const turn = (i: number) => rotation(table!, past + m, i, ofPairs(facts))
      const turned = (head: number, gains: Float64Array | undefined, to: Float64Array, at: number) => {
        const x = normed(qkv!.slice(row + head * HD, row + (head + 1) * HD), gains, facts)
        to.set(x, at)
        rotateHead(x, to, 0, at, turn, num(facts, 'F'))
      }
      for (let h = 0; h < H; h++) turned(h, qg, q!, (m * H + h) * HD)
      for (let h = 0; h < KVH; h++) {
        const at = (h * C + past + m) * HD
        turned(H + h, kg, k!, at)
        const from = row + (H + KVH + h) * HD
        v!.set(qkv!.subarray(from, from + HD), at)
      }
    }
  },
  tolerance: (facts) => {
    const { abs, rel } = storeError(facts)
    return { abs, rel: rel + 8 * F32_EPS + (facts.NORM ? sumError(num(facts, 'HD')) : 0) }
  },
  cost: (facts) => {
    const [M, HD] = [num(facts, 'M'), num(facts, 'HD')]
    const q = M * num(facts, 'H') * HD
    const kv = 2 * M * num(facts, 'KVH') * HD
    return { flops: 6 * q + 3 * kv, bytes: 16 * q + 8 * kv + stateBytes(kv, facts) }
  },
  cases: KV_TYPES.flatMap((kv): OpCase[] => [
    at(`smallest, ${label(kv)}`, { ...kv, M: 1, H: 1, KVH: 1, HD: 4, C: 1 }),
    at(`odd heads, ${label(kv)}`, { ...kv, M: 3, H: 6, KVH: 3, HD: 8, C: 16 }, 5),
    at(`head of 80, ${label(kv)}`, { ...kv, M: 2, H: 5, KVH: 1, HD: 80, C: 70 }, 63),
    at(`to the end, ${label(kv)}`, { ...kv, M: 5, H: 4, KVH: 4, HD: 16, C: 131 }, 126),
    at(`head of 128, ${label(kv)}`, { ...kv, M: 1, H: 4, KVH: 2, HD: 128, C: 66 }, 64),
    at(`a part of each head, ${label(kv)}`, { ...kv, M: 3, H: 3, KVH: 1, HD: 40, F: 13, C: 70 }, 63),
    at(`one pair, ${label(kv)}`, { ...kv, M: 2, H: 2, KVH: 2, HD: 12, F: 1, C: 9 }, 3),
    at(`normed, ${label(kv)}`, { ...kv, M: 3, H: 4, KVH: 2, HD: 24, C: 20, NORM: true, EPS: 1e-6 }, 11),
    at(
      `normed, a part of each head, ${label(kv)}`,
      { ...kv, M: 2, H: 3, KVH: 3, HD: 64, F: 10, C: 70, NORM: true, EPS: 1e-2 },
      62,
    ),
  ]),
  fill: { table: (index, facts) => ropeTableValue(index, ofPairs(facts)) },
}
