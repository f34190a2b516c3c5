import { label, num, WEIGHTS, WEIGHTS_32 } from './common.js'
import { attrs, costOf, finish, ports, sized, sizesOf, toleranceOf } from './conv.js'
import type { Facts, OpCase, OpDef } from './types.js'

/** Most products in a sum: taps lie S apart in x, so of K of them ceil(K / S) meet a pixel. */
const depth = (facts: Facts): number =>
  (num(facts, 'CIN') / num(facts, 'GROUPS')) *
  Math.ceil(num(facts, 'KH') / num(facts, 'SH')) *
  Math.ceil(num(facts, 'KW') / num(facts, 'SW'))

const EVERYTHING: Facts = {
  ...{ B: 2, CIN: 6, IH: 3, IW: 4, COUT: 10, OH: 8, OW: 11, GROUPS: 2 },
  ...{ KH: 4, KW: 3, SH: 2, SW: 3, DH: 1, DW: 2, PT: 1, PL: 2, BIAS: true, ACT: 'silu', EPI: 'add' },
}

const cases: OpCase[] = [
  // Where a row of weights ends within a word or a group, formats differ.
  ...WEIGHTS.filter((w) => w.G === 32 || w.W === 'q4a').map((w) =>
    sized(`all sizes differ, ${label(w)}`, { ...EVERYTHING, ...w }),
  ),
  ...WEIGHTS_32.filter(({ W }) => W === 'f16' || W === 'q4' || W === 'q3a').map((w) =>
    sized(`27 weights a row, ${label(w)}`, {
      ...{ CIN: 4, IH: 3, IW: 4, COUT: 3, OH: 5, OW: 7, KH: 3, KW: 3, SH: 2, SW: 2, PT: 1, PL: 1, ...w },
    }),
  ),
  sized('sizes of 1', {}),
  sized('without stride', {
    CIN: 2,
    IH: 3,
    IW: 5,
    COUT: 3,
    OH: 5,
    OW: 6,
    KH: 3,
    KW: 2,
    BIAS: true,
    ACT: 'relu',
  }),
  sized('stride longer than the kernel', {
    ...{
      CIN: 2,
      IH: 3,
      IW: 2,
      COUT: 2,
      OH: 8,
      OW: 5,
      KH: 2,
      KW: 1,
      SH: 3,
      SW: 4,
      BIAS: true,
      EPI: 'add_act',
    },
  }),
  sized('dilated, padded unlike', {
    ...{
      B: 2,
      CIN: 3,
      IH: 4,
      IW: 5,
      COUT: 2,
      OH: 9,
      OW: 6,
      KH: 3,
      KW: 4,
      SH: 1,
      SW: 2,
      DH: 3,
      DW: 1,
      PT: 1,
      PL: 3,
      ACT: 'gelu',
    },
  }),
  sized('depthwise, two a channel', {
    ...{
      CIN: 3,
      IH: 2,
      IW: 3,
      COUT: 6,
      OH: 5,
      OW: 7,
      KH: 3,
      KW: 3,
      SH: 2,
      SW: 2,
      GROUPS: 3,
      W: 'q8',
      ACT: 'quick_gelu',
    },
  }),
  sized('padding longer than the stride', {
    CIN: 2,
    IH: 3,
    IW: 7,
    COUT: 1,
    OH: 2,
    OW: 4,
    KH: 5,
    KW: 5,
    PT: 3,
    PL: 4,
    ACT: 'sigmoid',
  }),
  sized('y larger than any tap reaches', {
    CIN: 1,
    IH: 2,
    IW: 2,
    COUT: 1,
    OH: 6,
    OW: 9,
    KH: 2,
    KW: 3,
    SH: 2,
    SW: 2,
    ACT: 'gelu_tanh',
  }),
  sized('rows just over a workgroup', {
    CIN: 2,
    IH: 3,
    IW: 33,
    COUT: 5,
    OH: 6,
    OW: 67,
    KH: 2,
    KW: 3,
    SH: 2,
    SW: 2,
  }),
  sized('1-d, trimmed on the right, as EnCodec', {
    ...{ CIN: 4, IW: 7, COUT: 3, OW: 35, KW: 10, SW: 5, BIAS: true, W: 'f16', ACT: 'tanh' },
  }),
  sized('1-d, a kernel of many taps', { CIN: 2, IW: 6, COUT: 9, OW: 80, KW: 75, W: 'q4' }),
  sized('1-d, one pixel', { CIN: 5, COUT: 9, OW: 3, KW: 3, SW: 2 }),
]

export const conv_transpose2d: OpDef = {
  name: 'conv_transpose2d',
  doc: 'The transpose of conv2d in x: x[c, p] w[c, o, kh, kw] is added at y[o, p S + k D - P]; + b[o], ACT, EPI as there. COUT, OH and OW are sizes.',
  ports: ports(['CIN', 'COUT / GROUPS * KH * KW']),
  attrs,
  reference(values, facts) {
    const { x, w, y } = values
    const { B, CIN, IH, IW, COUT, OH, OW, KH, KW, SH, SW, DH, DW, PT, PL, GROUPS } = sizesOf(facts)
    const store = finish(values, facts)
    const [gin, gout] = [CIN / GROUPS, COUT / GROUPS]
    const sums = new Float64Array(B * COUT * OH * OW)
    for (let n = 0; n < B; n++)
      for (let c = 0; c < CIN; c++)
        for (let ih = 0; ih < IH; ih++)
          for (let iw = 0; iw < IW; iw++)
            for (let o = 0; o < gout; o++)
              for (let kh = 0; kh < KH; kh++)
                for (let kw = 0; kw < KW; kw++) {
                  const oh = ih * SH + kh * DH - PT
                  const ow = iw * SW + kw * DW - PL
                  if (oh < 0 || oh >= OH || ow < 0 || ow >= OW) continue
                  const channel = n * COUT + Math.floor(c / gin) * gout + o
                  sums[(channel * OH + oh) * OW + ow]! +=
                    x![((n * CIN + c) * IH + ih) * IW + iw]! * w![((c * gout + o) * KH + kh) * KW + kw]!
                }
    sums.forEach((sum, at) => {
      y![at] = store(at, Math.floor(at / (OH * OW)) % COUT, sum)
    })
  },
  tolerance: (facts) => toleranceOf(depth(facts), facts),
  cost: (facts) => {
    const { B, CIN, IH, IW, COUT, GROUPS, KH, KW } = sizesOf(facts)
    const row = (COUT / GROUPS) * KH * KW
    return costOf(facts, B * CIN * IH * IW, row, CIN * row)
  },
  cases,
}
