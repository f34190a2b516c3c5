/** What the convolutions share: their sizes, what is done to a sum, and the sizes of their cases. */
import { activation } from './activations.js'
import { F32_EPS, num, sumError, weightBytes } from './common.js'
import type { Facts, OpCase, OpDef } from './types.js'

/** Sizes of x and y, kernel, strides, dilations, padding above and to the left, groups. */
const NAMES = [
  ...['B', 'CIN', 'IH', 'IW', 'COUT', 'OH', 'OW', 'GROUPS'],
  ...['KH', 'KW', 'SH', 'SW', 'DH', 'DW', 'PT', 'PL'],
] as const

export const sizesOf = (facts: Facts): Record<(typeof NAMES)[number], number> =>
  Object.fromEntries(NAMES.map((name) => [name, num(facts, name)])) as Record<(typeof NAMES)[number], number>

/** Ports but w, whose shape differs. */
export const ports = (w: string[]): OpDef['ports'] => ({
  x: { role: 'in', kind: 'f32', shape: ['B', 'CIN', 'IH', 'IW'] },
  w: { role: 'in', kind: 'weight', shape: w },
  b: { role: 'in', kind: 'f32', shape: ['COUT'], when: 'BIAS' },
  r: { role: 'in', kind: 'f32', shape: ['B', 'COUT', 'OH', 'OW'], when: 'EPI != none' },
  y: { role: 'out', kind: 'f32', shape: ['B', 'COUT', 'OH', 'OW'] },
})

/** EPI: add: y = ACT(sum + b) + r, as in YOLO; add_act: y = ACT(sum + b + r), as in ResNet. */
export const attrs: OpDef['attrs'] = {
  ...{ KH: undefined, KW: undefined, SH: 1, SW: 1, DH: 1, DW: 1, PT: 0, PL: 0 },
  ...{ GROUPS: 1, BIAS: false, ACT: 'none', EPI: 'none' },
}

/** A sum of y's element `at`, in channel `channel` → what is stored there. */
export function finish(
  { b, r }: Record<string, Float64Array>,
  facts: Facts,
): (at: number, channel: number, sum: number) => number {
  const act = activation(facts.ACT)
  return (at, channel, sum) => {
    const value = sum + (b ? b[channel]! : 0)
    if (facts.EPI === 'add') return act(value) + r![at]!
    return act(facts.EPI === 'add_act' ? value + r![at]! : value)
  }
}

/** Of sums of `k` products. */
export function toleranceOf(k: number, facts: Facts): { abs: number; rel: number } {
  const error = sumError(k, facts)
  if (facts.ACT === 'none') return { abs: 0, rel: error }
  // A function may make a large sum small, but not its error, and none is steeper than 1.13: so the error of
  // the largest of sums whose terms have random signs, 4 deviations of 1/3 a term. e^x is good to (3 + 2|x|) ulp.
  return { abs: error * (3 + 1.5 * Math.sqrt(k)), rel: 128 * F32_EPS }
}

/** Of sums of `k` products, `sums` of them, and a matrix of `weights` elements. */
export function costOf(facts: Facts, sums: number, k: number, weights: number): ReturnType<OpDef['cost']> {
  const { B, CIN, IH, IW, COUT, OH, OW } = sizesOf(facts)
  const y = B * COUT * OH * OW
  return {
    flops: 2 * sums * k,
    bytes: weightBytes(weights, facts) + 4 * (B * CIN * IH * IW + y * (facts.EPI === 'none' ? 1 : 2)),
  }
}

/** A case: sizes that differ from 1 (padding from 0), given with the size of y. */
export const sized = (name: string, more: Facts): OpCase => ({
  name,
  facts: {
    ...{ B: 1, CIN: 1, IH: 1, IW: 1, COUT: 1, OH: 1, OW: 1, KH: 1, KW: 1 },
    ...{ SH: 1, SW: 1, DH: 1, DW: 1, PT: 0, PL: 0, GROUPS: 1 },
    ...{ BIAS: false, ACT: 'none', EPI: 'none', W: 'f32', G: 32 },
    ...more,
  },
})
