import { sigmoid } from './activations.js'
import { F32_EPS, num } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, ORDER: string, RESET: string, B: number, HID: number): OpCase => ({
  name: `${name}, ${ORDER}, reset ${RESET}`,
  facts: { B, HID, ORDER, RESET },
  // Beyond [-1, 1) the gates open and close.
  fill: { gx: (i) => 3 * Math.sin(1.7 * i + 0.3), gh: (i) => 2 * Math.cos(1.3 * i + 0.5) },
})

export const gru_cell: OpDef = {
  name: 'gru_cell',
  doc: 'A step of a GRU (Cho et al. 2014) after its products: n = tanh(gx_n + σ(r) gh_n), y = (1 - σ(z)) n + σ(z) h, with gates r and z summed from gx = x Wᵀ + b and gh = h Uᵀ + c, stacked as ORDER says: rzn as in PyTorch, zrn as in ONNX. RESET before: σ(r) h has gone through U already, gh_n is added as it is (linear_before_reset = 0).',
  ports: {
    gx: { role: 'in', kind: 'f32', shape: ['B', '3 * HID'] },
    gh: { role: 'in', kind: 'f32', shape: ['B', '3 * HID'] },
    h: { role: 'in', kind: 'f32', shape: ['B', 'HID'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'HID'] },
  },
  attrs: { ORDER: 'rzn', RESET: 'after' },
  reference({ gx, gh, h, y }, facts) {
    const [B, HID] = [num(facts, 'B'), num(facts, 'HID')]
    for (let b = 0; b < B; b++)
      for (let k = 0; k < HID; k++) {
        const at = (name: string) => (3 * b + String(facts.ORDER).indexOf(name)) * HID + k
        const gate = (name: string) => sigmoid(gx![at(name)]! + gh![at(name)]!)
        const reset = facts.RESET === 'after' ? gate('r') : 1
        const fresh = Math.tanh(gx![at('n')]! + reset * gh![at('n')]!)
        y![b * HID + k] = (1 - gate('z')) * fresh + gate('z') * h![b * HID + k]!
      }
  },
  // e^x is good to (3 + 2|x|) ulp, tanh in WGSL to an absolute 1e-5.
  tolerance: () => ({ abs: 4e-5, rel: 32 * F32_EPS }),
  cost: (facts) => {
    const n = num(facts, 'B') * num(facts, 'HID')
    return { flops: 20 * n, bytes: 32 * n }
  },
  cases: [
    ...['rzn', 'zrn'].flatMap((order) =>
      ['after', 'before'].flatMap((reset) => [
        at('one element', order, reset, 1, 1),
        at('odd', order, reset, 3, 37),
        at('just over a workgroup', order, reset, 2, 129),
      ]),
    ),
    {
      ...at('far beyond where exp is finite', 'rzn', 'after', 1, 6),
      fill: { gx: (i) => [-1e30, 1e30, -200, 200, 0, 88][(i * 5 + Math.floor(i / 6)) % 6]! },
    },
  ],
}
