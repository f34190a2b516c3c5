import { label, num, WEIGHTS, WEIGHTS_32 } from './common.js'
import { attrs, costOf, finish, ports, sized, sizesOf, toleranceOf } from './conv.js'
import type { Facts, OpCase, OpDef } from './types.js'

/** Products in a sum. */
const depth = (facts: Facts): number =>
  (num(facts, 'CIN') / num(facts, 'GROUPS')) * num(facts, 'KH') * num(facts, 'KW')

const EVERYTHING: Facts = {
  ...{ B: 2, CIN: 10, IH: 9, IW: 7, COUT: 6, OH: 5, OW: 7, GROUPS: 2 },
  ...{ KH: 3, KW: 2, SH: 2, SW: 1, DH: 1, DW: 3, PT: 1, PL: 2, BIAS: true, ACT: 'silu', EPI: 'add_act' },
}

/** A kernel of 3 x 3 that keeps the size. */
const SAME: Facts = { KH: 3, KW: 3, PT: 1, PL: 1 }

const cases: OpCase[] = [
  // Where a row of weights ends within a word, a group or a tile, formats differ.
  ...WEIGHTS.map((w) =>
    sized(`1 x 1, K not a multiple of a word or a group, ${label(w)}`, {
      ...{ B: 2, CIN: 172, IH: 3, IW: 5, COUT: 9, OH: 3, OW: 5, BIAS: true, EPI: 'add', ...w },
    }),
  ),
  ...WEIGHTS_32.flatMap((w) => [
    sized(`all sizes differ, ${label(w)}`, { ...EVERYTHING, ...w }),
    sized(`27 weights a row, ${label(w)}`, {
      ...{ CIN: 3, IH: 4, IW: 5, COUT: 9, OH: 4, OW: 5, ...SAME, BIAS: true, EPI: 'add', ...w },
    }),
  ]),
  sized('sizes of 1', {}),
  ...['f32', 'q4'].map((W) =>
    sized(`depthwise, two a channel, ${W}`, {
      ...{ CIN: 3, IH: 5, IW: 4, COUT: 6, OH: 5, OW: 4, GROUPS: 3, ...SAME, W },
    }),
  ),
  sized('depthwise, rows of several vectors', {
    ...{ CIN: 2, IH: 4, IW: 45, COUT: 2, OH: 4, OW: 45, GROUPS: 2, ...SAME, BIAS: true },
  }),
  sized('depthwise, rows of several vectors, halved', {
    ...{ CIN: 2, IH: 5, IW: 49, COUT: 2, OH: 3, OW: 25, GROUPS: 2, ...SAME, SH: 2, SW: 2, EPI: 'add' },
  }),
  sized('dilated rows, padded unlike', {
    ...{ CIN: 2, IH: 11, IW: 6, COUT: 3, OH: 8, OW: 3, BIAS: true, ACT: 'relu' },
    ...{ KH: 2, KW: 4, SH: 1, SW: 3, DH: 4, DW: 1, PT: 1, PL: 3 },
  }),
  sized('groups of 3 to 5', {
    ...{ CIN: 6, IH: 3, IW: 4, COUT: 10, OH: 2, OW: 3, GROUPS: 2, BIAS: true, ACT: 'tanh', EPI: 'add' },
    ...{ KH: 2, KW: 2 },
  }),
  sized('kernel beyond every edge', {
    ...{ CIN: 2, IH: 2, IW: 3, COUT: 2, OH: 1, OW: 2, ACT: 'gelu_tanh', EPI: 'add_act' },
    ...{ KH: 5, KW: 7, PT: 1, PL: 2 },
  }),
  sized('stride longer than the kernel', {
    ...{ CIN: 2, IH: 8, IW: 9, COUT: 3, OH: 3, OW: 3, ACT: 'quick_gelu', EPI: 'add' },
    ...{ KH: 2, KW: 1, SH: 3, SW: 4 },
  }),
  sized('whole tiles', { CIN: 16, IH: 4, IW: 8, COUT: 32, OH: 4, OW: 8 }),
  sized('whole tiles, taps and strides', {
    ...{ B: 2, CIN: 8, IH: 7, IW: 6, COUT: 4, OH: 3, OW: 3, KH: 2, KW: 4, SH: 2, SW: 1, DH: 2 },
  }),
  sized('channels and pixels just over a tile', { CIN: 5, IH: 3, IW: 11, COUT: 33, OH: 3, OW: 11 }),
  sized('pixels just over a large tile', { B: 2, CIN: 3, IH: 5, IW: 13, COUT: 9, OH: 5, OW: 13, ...SAME }),
  sized('groups just over a tile', {
    ...{ CIN: 4, IH: 3, IW: 3, COUT: 66, OH: 3, OW: 3, GROUPS: 2, ...SAME, W: 'q4' },
  }),
  sized('one pixel, a row just over two tiles', { CIN: 33, COUT: 67, BIAS: true, ACT: 'sigmoid', W: 'f16' }),
  sized('1-d, stride 2, as Whisper', {
    ...{ CIN: 6, IW: 37, COUT: 5, OW: 19, KW: 3, SW: 2, PL: 1, BIAS: true, ACT: 'gelu', W: 'f16' },
  }),
  sized('1-d, long kernel in groups, as Wav2Vec2', {
    ...{ CIN: 12, IW: 21, COUT: 8, OW: 22, KW: 16, PL: 8, GROUPS: 4, BIAS: true, ACT: 'gelu', W: 'q8' },
  }),
  sized('1-d, padded on the left alone, as EnCodec', {
    ...{ B: 2, CIN: 3, IW: 17, COUT: 4, OW: 17, KW: 4, DW: 2, PL: 6, BIAS: true },
  }),
  sized('patches, as ViT', {
    ...{ CIN: 3, IH: 8, IW: 15, COUT: 10, OH: 2, OW: 3, KH: 4, KW: 5, SH: 4, SW: 5, BIAS: true, W: 'q4' },
  }),
  sized('3 x 3 with residual, as Stable Diffusion', {
    ...{ B: 2, CIN: 12, IH: 5, IW: 6, COUT: 11, OH: 5, OW: 6, ...SAME, BIAS: true, EPI: 'add', W: 'f16' },
  }),
  sized('halved, padded below and right alone', {
    ...{ CIN: 4, IH: 6, IW: 8, COUT: 4, OH: 3, OW: 4, KH: 3, KW: 3, SH: 2, SW: 2, W: 'f16' },
  }),
]

export const conv2d: OpDef = {
  name: 'conv2d',
  doc: 'y[o, p] = ACT(sum over c, kh, kw of w[o, c, kh, kw] x[c, p S + k D - P] + b[o]), zero outside x; EPI: a residual. 1-d: IH = KH = 1.',
  ports: ports(['COUT', 'CIN / GROUPS * KH * KW']),
  // OH and OW are sizes: they say what is padded below and to the right.
  attrs,
  reference(values, facts) {
    const { x, w, y } = values
    const { B, CIN, IH, IW, COUT, OH, OW, KH, KW, SH, SW, DH, DW, PT, PL, GROUPS } = sizesOf(facts)
    const store = finish(values, facts)
    const [gin, gout] = [CIN / GROUPS, COUT / GROUPS]
    for (let n = 0; n < B; n++)
      for (let o = 0; o < COUT; o++)
        for (let oh = 0; oh < OH; oh++)
          for (let ow = 0; ow < OW; ow++) {
            let sum = 0
            for (let c = 0; c < gin; c++)
              for (let kh = 0; kh < KH; kh++)
                for (let kw = 0; kw < KW; kw++) {
                  const ih = oh * SH + kh * DH - PT
                  const iw = ow * SW + kw * DW - PL
                  if (ih < 0 || ih >= IH || iw < 0 || iw >= IW) continue
                  const plane = n * CIN + Math.floor(o / gout) * gin + c
                  sum += w![((o * gin + c) * KH + kh) * KW + kw]! * x![(plane * IH + ih) * IW + iw]!
                }
            const at = ((n * COUT + o) * OH + oh) * OW + ow
            y![at] = store(at, o, sum)
          }
  },
  tolerance: (facts) => toleranceOf(depth(facts), facts),
  cost: (facts) => {
    const { B, COUT, OH, OW } = sizesOf(facts)
    return costOf(facts, B * COUT * OH * OW, depth(facts), COUT * depth(facts))
  },
  cases,
}
