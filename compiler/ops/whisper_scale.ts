import { F32_EPS, noise, num } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, B: number, MELS: number, FRAMES: number): OpCase => ({
  name,
  facts: { B, MELS, FRAMES },
})

export const whisper_scale: OpDef = {
  name: 'whisper_scale',
  doc: "Whisper's scale of log-mels: (max(x, max(x) - 8) + 4) / 4, the maximum over all of a signal.",
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['B', 'MELS', 'FRAMES'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'MELS', 'FRAMES'] },
  },
  attrs: {},
  reference({ x, y }, facts) {
    const n = num(facts, 'MELS') * num(facts, 'FRAMES')
    for (let b = 0; b < num(facts, 'B'); b++) {
      const values = x!.subarray(b * n, (b + 1) * n)
      const lowest = values.reduce((a, v) => Math.max(a, v), Number.NEGATIVE_INFINITY) - 8
      values.forEach((v, i) => {
        y![b * n + i] = (Math.max(v, lowest) + 4) / 4
      })
    }
  },
  tolerance: () => ({ abs: 8 * F32_EPS, rel: 4 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'B') * num(facts, 'MELS') * num(facts, 'FRAMES')
    return { flops: 4 * n, bytes: 12 * n }
  },
  cases: [
    at('one element', 1, 1, 1),
    at('odd size', 3, 5, 7),
    at('quads', 2, 4, 9),
    at('just over a workgroup', 2, 37, 7),
    at('quads just over a workgroup', 2, 65, 16),
    { ...at('the loudest last', 1, 9, 29), fill: { x: (i) => -9 + 0.05 * i } },
    { ...at('the loudest last, quads', 2, 13, 20), fill: { x: (i) => -9 + 0.05 * (i % 260) } },
    { ...at('the loudest first', 1, 13, 20), fill: { x: (i) => 4 - 0.05 * i } },
    { ...at('silence', 1, 3, 5), fill: { x: () => -10 } },
  ],
  // Powers of 1e-7 to 1e7; every signal is louder than all of the one before it.
  fill: {
    x: (i, facts) => 7 * noise(i, 5) + 15 * Math.floor(i / (num(facts, 'MELS') * num(facts, 'FRAMES'))),
  },
}
