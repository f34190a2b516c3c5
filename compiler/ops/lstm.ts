import { sigmoid } from './activations.js'
import { F32_EPS, num } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, B: number, T: number, HID: number): OpCase => ({
  name,
  facts: { B, T, HID },
  fill: {
    gates: (i) => 3 * Math.sin(1.7 * i + 0.3),
    u: (i, facts) => Math.cos(2.3 * i + 0.1) / Math.sqrt(num(facts, 'HID')),
  },
})

export const lstm: OpDef = {
  name: 'lstm',
  doc: 'All T steps of an LSTM from zeros (Gers, Schmidhuber and Cummins 2000): the gates of a step, stacked ifgo, are gates[t] plus Σ over j of y[t - 1, j] u[j]; u [HID, 4 HID] is PyTorch’s weight_hh turned.',
  ports: {
    gates: { role: 'in', kind: 'f32', shape: ['B', 'T', '4 * HID'] },
    // As a vector: it is read once a step, and stays what it is however few bits matrices have.
    u: { role: 'in', kind: 'f32', shape: ['HID * 4 * HID'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'T', 'HID'] },
  },
  attrs: { HID: undefined },
  reference({ gates, u, y }, facts) {
    const [B, T, HID] = [num(facts, 'B'), num(facts, 'T'), num(facts, 'HID')]
    for (let b = 0; b < B; b++) {
      const cells = new Float64Array(HID)
      let before = new Float64Array(HID)
      for (let t = 0; t < T; t++) {
        const row = b * T + t
        const made = new Float64Array(HID)
        for (let k = 0; k < HID; k++) {
          const [i, f, g, o] = [0, 1, 2, 3].map((n) =>
            before.reduce(
              (sum, h, j) => sum + h * u![(j * 4 + n) * HID + k]!,
              gates![(row * 4 + n) * HID + k]!,
            ),
          ) as [number, number, number, number]
          cells[k] = sigmoid(f) * cells[k]! + sigmoid(i) * Math.tanh(g)
          made[k] = sigmoid(o) * Math.tanh(cells[k]!)
        }
        y!.set(made, row * HID)
        before = made
      }
    }
  },
  // As of one step (lstm_cell), and what a step hands on to the next: gates forget, so errors stay within a few.
  tolerance: (facts) => ({ abs: 2e-4, rel: (32 + num(facts, 'HID')) * F32_EPS }),
  cost: (facts) => {
    const [B, T, HID] = [num(facts, 'B'), num(facts, 'T'), num(facts, 'HID')]
    return { flops: B * T * HID * (8 * HID + 24), bytes: 4 * (B * T * 5 * HID + 4 * HID * HID) }
  },
  cases: [
    at('one element', 1, 1, 1),
    at('one step', 2, 1, 9),
    at('odd', 2, 5, 37),
    at('quads', 1, 7, 32),
    at('just over a workgroup', 1, 3, 257),
    {
      ...at('far beyond where exp is finite', 1, 3, 2),
      fill: { gates: (i) => [-1e30, 1e30, -200, 200, 0, 88][(i * 5 + Math.floor(i / 6)) % 6]!, u: () => 0.5 },
    },
  ],
}
