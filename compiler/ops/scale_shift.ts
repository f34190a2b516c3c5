import { activation } from './activations.js'
import { F32_EPS, num } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, B: number, C: number, S: number, ACT = 'none'): OpCase => ({
  name,
  facts: { B, C, S, ACT },
})

export const scale_shift: OpDef = {
  name: 'scale_shift',
  doc: 'ACT(x * scale + shift), scale and shift by channel: what BatchNorm is once its statistics stand.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['B', 'C', 'S'] },
    scale: { role: 'in', kind: 'f32', shape: ['C'] },
    shift: { role: 'in', kind: 'f32', shape: ['C'] },
    y: { role: 'out', kind: 'f32', shape: ['B', 'C', 'S'] },
  },
  attrs: { ACT: 'none' },
  reference({ x, scale, shift, y }, facts) {
    const [C, S] = [num(facts, 'C'), num(facts, 'S')]
    const act = activation(facts.ACT)
    x!.forEach((v, i) => {
      const c = Math.floor(i / S) % C
      y![i] = act(v * scale![c]! + shift![c]!)
    })
  },
  tolerance: (facts) => ({
    abs: /tanh/.test(String(facts.ACT)) ? 2e-5 : 1e-6,
    rel: 16 * F32_EPS,
  }),
  cost: (facts) => {
    const n = num(facts, 'B') * num(facts, 'C') * num(facts, 'S')
    return { flops: 2 * n, bytes: 8 * n + 8 * num(facts, 'C') }
  },
  cases: [
    at('one element', 1, 1, 1),
    at('odd sizes', 3, 5, 7),
    at('one place', 3, 7, 1),
    at('more than a workgroup', 2, 9, 67),
    ...['relu', 'gelu', 'gelu_tanh', 'quick_gelu', 'silu', 'tanh', 'sigmoid'].map((ACT) =>
      at(`then ${ACT}`, 2, 3, 8, ACT),
    ),
  ],
}
