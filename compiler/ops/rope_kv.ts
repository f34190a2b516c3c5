import { F32_EPS, label, num, ROPE_SHAPE, ropeTableValue, rotation } from './common.js'
import { KV_TYPES, stateBytes, storeError } from './kv.js'
import { rotateHead } from './rope.js'
import type { OpCase, OpDef } from './types.js'

export const rope_kv: OpDef = {
  name: 'rope_kv',
  doc: 'What follows the stacked query, key and value projection: rotates queries into q and keys into cache k, writes values into cache v.',
  ports: {
    qkv: { role: 'in', kind: 'f32', shape: ['M', '(H + 2 * KVH) * HD'] },
    table: { role: 'in', kind: 'f32', shape: ROPE_SHAPE },
    q: { role: 'out', kind: 'f32', shape: ['M', 'H * HD'] },
    k: { role: 'inout', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    v: { role: 'inout', kind: 'state', shape: ['KVH', 'C', 'HD'] },
  },
  attrs: { H: undefined, KVH: undefined, HD: undefined, C: undefined },
  reference({ qkv, table, q, k, v }, facts, { past }) {
    const [M, H, KVH] = [num(facts, 'M'), num(facts, 'H'), num(facts, 'KVH')]
    const [HD, C] = [num(facts, 'HD'), num(facts, 'C')]
    for (let m = 0; m < M; m++) {
      const row = m * (H + 2 * KVH) * HD
      const turn = (i: number) => rotation(table!, past + m, i, facts)
      for (let h = 0; h < H; h++) rotateHead(qkv!, q!, row + h * HD, (m * H + h) * HD, turn, HD / 2)
      for (let h = 0; h < KVH; h++) {
        const at = (h * C + past + m) * HD
        rotateHead(qkv!, k!, row + (H + h) * HD, at, turn, HD / 2)
        const from = row + (H + KVH + h) * HD
        v!.set(qkv!.subarray(from, from + HD), at)
      }
    }
  },
  tolerance: (facts) => {
    const { abs, rel } = storeError(facts)
    return { abs, rel: rel + 8 * F32_EPS }
  },
  cost: (facts) => {
    const [M, HD] = [num(facts, 'M'), num(facts, 'HD')]
    const q = M * num(facts, 'H') * HD
    const kv = 2 * M * num(facts, 'KVH') * HD
    return { flops: 6 * q + 3 * kv, bytes: 16 * q + 8 * kv + stateBytes(kv, facts) }
  },
  cases: KV_TYPES.flatMap((kv): OpCase[] => [
    { name: `smallest, ${label(kv)}`, facts: { ...kv, M: 1, H: 1, KVH: 1, HD: 4, C: 1 } },
    {
      name: `odd heads, ${label(kv)}`,
      facts: { ...kv, M: 3, H: 6, KVH: 3, HD: 8, C: 16 },
      step: { past: 5 },
    },
    {
      name: `head of 80, ${label(kv)}`,
      facts: { ...kv, M: 2, H: 5, KVH: 1, HD: 80, C: 70 },
      step: { past: 63 },
    },
    {
      name: `to the end, ${label(kv)}`,
      facts: { ...kv, M: 5, H: 4, KVH: 4, HD: 16, C: 131 },
      step: { past: 126 },
    },
    {
      name: `head of 128, ${label(kv)}`,
      facts: { ...kv, M: 1, H: 4, KVH: 2, HD: 128, C: 66 },
      step: { past: 64 },
    },
  ]),
  fill: { table: ropeTableValue },
}
