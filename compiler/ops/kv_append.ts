import { label, noise, num } from './common.js'
import { KV_TYPES, stateBytes, storeError } from './kv.js'
import type { OpCase, OpDef } from './types.js'

/** Eight elements each, of a head of 80; the others hold noise of many magnitudes. */
const alike = [...Array<number>(4).fill(-0.7), ...Array<number>(4).fill(0)]

export const kv_append: OpDef = {
  name: 'kv_append',
  doc: 'Writes the rows of a step behind what the cache holds: cache[h, past + m] = x[m, h].',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'KVH * HD'] },
    cache: { role: 'inout', kind: 'state', shape: ['KVH', 'C', 'HD'] },
  },
  attrs: { KVH: undefined, HD: undefined, C: undefined },
  reference({ x, cache }, facts, { past }) {
    const [M, KVH, HD, C] = [num(facts, 'M'), num(facts, 'KVH'), num(facts, 'HD'), num(facts, 'C')]
    for (let m = 0; m < M; m++)
      for (let h = 0; h < KVH; h++)
        for (let d = 0; d < HD; d++) cache![(h * C + past + m) * HD + d] = x![(m * KVH + h) * HD + d]!
  },
  tolerance: storeError,
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'KVH') * num(facts, 'HD')
    return { flops: 0, bytes: 4 * n + stateBytes(n, facts) }
  },
  cases: KV_TYPES.flatMap((kv): OpCase[] => [
    { name: `smallest, ${label(kv)}`, facts: { ...kv, M: 1, KVH: 1, HD: 2, C: 1 } },
    { name: `odd heads, ${label(kv)}`, facts: { ...kv, M: 3, KVH: 3, HD: 10, C: 9 }, step: { past: 2 } },
    { name: `up to the end, ${label(kv)}`, facts: { ...kv, M: 5, KVH: 2, HD: 64, C: 8 }, step: { past: 3 } },
    {
      name: `more than a workgroup, ${label(kv)}`,
      facts: { ...kv, M: 2, KVH: 5, HD: 128, C: 4 },
      step: { past: 1 },
    },
    {
      name: `heads of 80, all alike in one group, zeros in another, ${label(kv)}`,
      facts: { ...kv, M: 2, KVH: 3, HD: 80, C: 6 },
      step: { past: 3 },
      fill: { x: (i) => alike[Math.floor(i / 8) % 10] ?? noise(i, 3) * 10 ** ((i % 7) - 3) },
    },
  ]),
}
