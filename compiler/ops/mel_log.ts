import { F32_EPS, noise, num, sumError } from './common.js'
import type { Facts, OpCase, OpDef } from './types.js'

const at = (name: string, FRAMES: number, BINS: number, MELS: number, more: Facts = {}): OpCase => ({
  name,
  facts: { B: 1, FRAMES, BINS, MELS, FLOOR: 1e-10, SCALE: 1, ...more },
})

export const mel_log: OpDef = {
  name: 'mel_log',
  doc: 'SCALE log10(max(filters · power, FLOOR)), bands first. SCALE 10: decibels.',
  ports: {
    power: { role: 'in', kind: 'f32', shape: ['B', 'FRAMES', 'BINS'] },
    filters: { role: 'in', kind: 'f32', shape: ['MELS', 'BINS'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'MELS', 'FRAMES'] },
  },
  attrs: { FLOOR: 1e-10, SCALE: 1 },
  reference({ power, filters, y }, facts) {
    const [FRAMES, BINS, MELS] = [num(facts, 'FRAMES'), num(facts, 'BINS'), num(facts, 'MELS')]
    for (let i = 0; i < y!.length; i++) {
      const frame = Math.floor(i / (MELS * FRAMES)) * FRAMES + (i % FRAMES)
      const band = Math.floor(i / FRAMES) % MELS
      let sum = 0
      for (let k = 0; k < BINS; k++) sum += power![frame * BINS + k]! * filters![band * BINS + k]!
      y![i] = num(facts, 'SCALE') * Math.log10(Math.max(sum, num(facts, 'FLOOR')))
    }
  },
  // Terms are positive: the logarithm turns their sum's relative error into an absolute one. Its own is 3 ulp.
  tolerance: (facts) => ({
    abs: num(facts, 'SCALE') * sumError(num(facts, 'BINS')),
    rel: 8 * F32_EPS,
  }),
  cost: (facts) => {
    const [frames, bins, mels] = [
      num(facts, 'B') * num(facts, 'FRAMES'),
      num(facts, 'BINS'),
      num(facts, 'MELS'),
    ]
    return { flops: 2 * frames * bins * mels, bytes: 4 * (frames * (bins + mels) + bins * mels) }
  },
  cases: [
    at('one element', 1, 1, 1),
    at('odd sizes', 5, 7, 3, { B: 2 }),
    at('decibels', 3, 10, 5, { SCALE: 10, FLOOR: 1e-3 }),
    at('bands just over a tile', 33, 11, 9, { B: 2 }),
    at('just over a workgroup', 65, 5, 10),
    {
      ...at('filters of a few bins, and of none', 5, 21, 6),
      fill: { filters: (i) => Math.max(0, 4 - Math.abs((i % 21) - 5 * Math.floor(i / 21))) },
    },
    {
      ...at('silence', 6, 5, 3, { FLOOR: 1e-7 }),
      fill: { power: (i) => (Math.floor(i / 5) % 2 === 0 ? 0 : 1e-6 * (1 + i)) },
    },
    { ...at('loud', 3, 5, 4), fill: { power: (i) => 1e6 * (1 + (i % 7)) } },
  ],
  fill: {
    power: (i) => Math.abs(noise(i, 7)) + 1e-3,
    filters: (i) => Math.abs(noise(i, 8)) + 1e-3,
  },
}
