/** What a decode step of attention over a long context does in one kernel: rope_kv of one row, then attention_split. */
import { attention_split } from './attention_split.js'
import { F16_EPS, F32_EPS, num, ropeTableValue, sumError } from './common.js'
import { cacheFill } from './kv.js'
import { rope_kv } from './rope_kv.js'
import type { Facts, OpCase, OpDef } from './types.js'

const pairs = (facts: Facts): Facts => ({ ...facts, F: num(facts, 'HD') / 2 })

/** attention_split's cases of heads that can be turned. */
const cases = attention_split.cases.flatMap(({ name, facts, step = {} }, i): OpCase[] => {
  const taken = (facts.KV === 'f32' || facts.KV === 'f16') && num(facts, 'HD') % 8 === 0
  if (!taken || name.startsWith('one key far')) return []
  const NORM = i % 3 === 2
  return [{ name, facts: { ...pairs(facts), NORM, EPS: NORM ? 1e-5 : 0 }, step }]
})

/** The cache before the step: nothing at its own position. */
const before =
  (stream: number): NonNullable<OpDef['fill']>[string] =>
  (index, facts, step) => {
    const position = Math.floor(index / num(facts, 'HD')) % num(facts, 'C')
    return position >= step.past ? Number.NaN : cacheFill(stream)(index, facts, step)
  }

export const rope_split: OpDef = {
  name: 'rope_split',
  doc: 'rope_kv of one row, then attention_split over the cache with it, in heads that turn whole.',
  ports: {
    qkv: { role: 'in', kind: 'f32', shape: ['1', '(H + 2 * KVH) * HD'] },
    table: { role: 'in', kind: 'f32', shape: ['ceil(C / 64) + 64', 'F', '2'] },
    qg: { role: 'in', kind: 'f32', shape: ['HD'], when: 'NORM' },
    kg: { role: 'in', kind: 'f32', shape: ['HD'], when: 'NORM' },
    k: { role: 'inout', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    v: { role: 'inout', kind: 'state', shape: ['KVH', 'C', 'HD'] },
    part: { role: 'out', kind: 'f32', shape: ['H', 'SPLITS', 'HD'] },
    stats: { role: 'out', kind: 'f32', shape: ['H', 'SPLITS', '2'] },
  },
  attrs: { ...attention_split.attrs, NORM: false, EPS: 0 },
  reference({ part, stats, ...ports }, facts, step) {
    const q = new Float64Array(num(facts, 'H') * num(facts, 'HD'))
    rope_kv.reference({ ...ports, q }, { ...facts, M: 1 }, step)
    attention_split.reference({ q, k: ports.k!, v: ports.v!, part: part!, stats: stats! }, facts, step)
  },
  tolerance: (facts) => {
    const own = attention_split.tolerance(facts)
    const turned = rope_kv.tolerance({ ...facts, M: 1 })
    // Keys and values of 11 bits: a score's error scales its weight.
    const halves = facts.KV === 'f16' ? 8 * F16_EPS : 0
    return {
      abs: own.abs + turned.abs,
      rel: own.rel + 8 * turned.rel + halves + 16 * F32_EPS + (facts.NORM ? sumError(num(facts, 'HD')) : 0),
    }
  },
  cost: (facts) => {
    const [own, turned] = [attention_split.cost(facts), rope_kv.cost({ ...facts, M: 1 })]
    return { flops: own.flops + turned.flops, bytes: own.bytes + turned.bytes }
  },
  cases: [
    ...cases,
    {
      name: 'the largest splits',
      facts: { ...cases[0]!.facts, H: 2, KVH: 2, HD: 16, F: 8, C: 300, CHUNK: 256, SPLITS: 2, KEYS: 291 },
      step: { past: 290 },
    },
  ],
  fill: { k: before(1), v: before(2), table: (index, facts) => ropeTableValue(index, facts) },
}
