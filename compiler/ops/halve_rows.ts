/**
 * Activations as halves, for products that multiply halves. Not a model's operator: selection puts it before a
 * template whose signature reads `f16`. What a half can't hold becomes the largest that it does.
 */
import { F16_MAX } from '../formats/f16.js'
import { F16_EPS, num } from './common.js'
import type { OpCase, OpDef } from './types.js'

const at = (name: string, M: number, K: number, more: Partial<OpCase> = {}): OpCase => ({
  name,
  facts: { M, K },
  ...more,
})

export const halve_rows: OpDef = {
  name: 'halve_rows',
  doc: 'Rows as halves; the values stay what they are.',
  ports: {
    x: { role: 'in', kind: 'f32', shape: ['M', 'K'] },
    y: { role: 'out', kind: 'f32', shape: ['M', 'K'] },
  },
  attrs: {},
  reference({ x, y }) {
    for (let i = 0; i < x!.length; i++) y![i] = Math.min(Math.max(x![i]!, -F16_MAX), F16_MAX)
  },
  // Half a step of eleven bits, of a small number half the least.
  tolerance: () => ({ abs: 2 ** -24, rel: F16_EPS / 2 }),
  cost: (facts) => {
    const n = num(facts, 'M') * num(facts, 'K')
    return { flops: n, bytes: 6 * n }
  },
  cases: [
    at('eight values', 1, 8),
    at('odd rows', 3, 40),
    at('more than a workgroup', 5, 1032),
    at('beyond what a half holds', 1, 16, { fill: { x: (i) => (i - 8) * 2e4 } }),
    at('hardly more than zero', 1, 8, { fill: { x: (i) => i * 1e-8 } }),
  ],
}
