import { activation } from './activations.js'
import { num, sumError } from './common.js'
import { moments } from './layernorm.js'
import type { OpCase, OpDef } from './types.js'

const at = (
  name: string,
  B: number,
  C: number,
  S: number,
  GROUPS: number,
  more: OpCase['facts'] = {},
): OpCase => ({
  name,
  facts: { B, C, S, GROUPS, EPS: 1e-5, GAIN: true, ACT: 'none', ...more },
})

export const groupnorm: OpDef = {
  name: 'groupnorm',
  doc: 'Each of GROUPS groups of channels of an image normalised over channels and places, then ACT(· g + b) by channel (Wu and He 2018). GROUPS = C: instance norm.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['B', 'C', 'S'] },
    g: { role: 'in', kind: 'f32', shape: ['C'], when: 'GAIN' },
    b: { role: 'in', kind: 'f32', shape: ['C'], when: 'GAIN' },
    y: { role: 'out', kind: 'f32', shape: ['B', 'C', 'S'] },
  },
  attrs: { GROUPS: undefined, EPS: undefined, GAIN: true, ACT: 'none' },
  reference({ x, g, b, y }, facts) {
    const [B, C, S, GROUPS] = [num(facts, 'B'), num(facts, 'C'), num(facts, 'S'), num(facts, 'GROUPS')]
    const act = activation(facts.ACT)
    const count = (C / GROUPS) * S
    for (let group = 0; group < B * GROUPS; group++) {
      const values = x!.subarray(group * count, (group + 1) * count)
      const [mean, scale] = moments(values, num(facts, 'EPS'))
      values.forEach((v, i) => {
        const c = Math.floor((group * count + i) / S) % C
        y![group * count + i] = act((v - mean) * scale * (g ? g[c]! : 1) + (b ? b[c]! : 0))
      })
    }
  },
  tolerance: (facts) => {
    const count = (num(facts, 'C') / num(facts, 'GROUPS')) * num(facts, 'S')
    // What WGSL promises of tanh.
    return { abs: /tanh/.test(String(facts.ACT)) ? 2e-5 : 1e-6, rel: sumError(count) }
  },
  cost: (facts) => {
    const n = num(facts, 'B') * num(facts, 'C') * num(facts, 'S')
    return { flops: 12 * n, bytes: 8 * n + 8 * num(facts, 'C') }
  },
  cases: [
    at('one element', 1, 1, 1, 1),
    at('groups of channels', 2, 6, 20, 3),
    at('groups of channels, odd places', 3, 10, 7, 2),
    at('one group', 2, 3, 12, 1),
    at('instance norm', 2, 5, 36, 5),
    at('instance norm, odd', 2, 5, 35, 5),
    at('without gain', 2, 6, 9, 2, { GAIN: false }),
    at('group just over a workgroup of quads', 1, 4, 516, 2),
    at('group just over a workgroup of scalars', 1, 4, 129, 2),
    { ...at('large mean', 2, 4, 33, 2), fill: { x: (i) => 1e3 + ((i * 37) % 101) / 128 } },
    { ...at('all equal', 2, 4, 8, 2), fill: { x: () => 77.7 } },
    { ...at('tiny values, where EPS counts', 2, 4, 5, 2), fill: { x: (i) => (i % 3) * 1e-3 } },
    ...['relu', 'gelu', 'gelu_tanh', 'quick_gelu', 'silu', 'tanh', 'sigmoid'].map((ACT) =>
      at(`then ${ACT}`, 2, 6, 8, 3, { ACT }),
    ),
  ],
}
