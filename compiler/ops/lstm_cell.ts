import { sigmoid } from './activations.js'
import { F32_EPS, num } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, ORDER: string, B: number, HID: number): OpCase => ({
  name: `${name}, ${ORDER}`,
  facts: { B, HID, ORDER },
  // Beyond [-1, 1) the gates open and close.
  fill: { gates: (i) => 4 * Math.sin(1.7 * i + 0.3), c: (i) => 2 * Math.cos(0.9 * i) },
})

export const lstm_cell: OpDef = {
  name: 'lstm_cell',
  doc: 'A step of an LSTM (Gers, Schmidhuber and Cummins 2000) after its products: cy = σ(f) c + σ(i) tanh(g), h = σ(o) tanh(cy). gates = x Wᵀ + h Uᵀ + b, stacked as ORDER says: ifgo as in PyTorch, iofg as in ONNX (whose c is g).',
  ports: {
    gates: { role: 'in', kind: 'f32', shape: ['B', '4 * HID'] },
    c: { role: 'in', kind: 'f32', shape: ['B', 'HID'] },
    h: { role: 'out', kind: 'f32', shape: ['B', 'HID'] },
    cy: { role: 'out', kind: 'f32', shape: ['B', 'HID'] },
  },
  attrs: { ORDER: 'ifgo' },
  reference({ gates, c, h, cy }, facts) {
    const [B, HID] = [num(facts, 'B'), num(facts, 'HID')]
    for (let n = 0; n < B; n++)
      for (let k = 0; k < HID; k++) {
        const gate = (name: string) => gates![(4 * n + String(facts.ORDER).indexOf(name)) * HID + k]!
        const cell = sigmoid(gate('f')) * c![n * HID + k]! + sigmoid(gate('i')) * Math.tanh(gate('g'))
        cy![n * HID + k] = cell
        h![n * HID + k] = sigmoid(gate('o')) * Math.tanh(cell)
      }
  },
  // e^x is good to (3 + 2|x|) ulp, tanh in WGSL to an absolute 1e-5.
  tolerance: () => ({ abs: 4e-5, rel: 32 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'B') * num(facts, 'HID')
    return { flops: 24 * n, bytes: 28 * n }
  },
  cases: [
    ...['ifgo', 'iofg'].flatMap((order) => [
      at('one element', order, 1, 1),
      at('odd', order, 3, 37),
      at('just over a workgroup', order, 2, 129),
    ]),
    {
      ...at('far beyond where exp is finite', 'ifgo', 1, 6),
      fill: {
        gates: (i) => [-1e30, 1e30, -200, 200, 0, 88][(i * 5 + Math.floor(i / 6)) % 6]!,
        c: (i) => i - 3,
      },
    },
  ],
}
