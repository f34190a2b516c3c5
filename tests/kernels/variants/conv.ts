/** Shapes of the convolution kernels. */
import { BLOCKS, each, row, type VariantRow } from './common.js'

/** Cases that meet every edge of a tile, few enough for every tunable. */
const EDGES = /^(all sizes differ.*q4 |pixels just over|whole tiles, taps)/

/** A shape that compiles fast in software; then the default. */
const SMALL_GEMM = { WX: 4, WY: 8, TM: 2, TN: 2, UNROLL: 1 }

const LANES = [
  { WG: 32, PX: 32, TP: 1 },
  { WG: 128, PX: 8, TP: 2 },
  { WG: 256, PX: 1, TP: 4 },
]

export const conv: VariantRow[] = [
  row('conv2d_gemm', { E: 'f32', ...SMALL_GEMM }),
  row('conv2d_gemm', { E: 'f16', ...SMALL_GEMM }, /^(1 x 1.*G=32|.*just over|whole|.* as)/),
  row('conv2d_gemm', { E: 'f32' }, /^(whole tiles|channels and pixels just over|groups just over)/),
  row('conv2d_gemm', { E: 'f16' }, /^(all sizes differ.*q4 |groups just over)/),
  ...each(
    'conv2d_gemm',
    [
      { WX: 4, WY: 4, TM: 8, TN: 2, TK: 16, UNROLL: 1 },
      { WX: 16, WY: 4, TM: 2, TN: 8, TK: 16, UNROLL: 4 },
      { WX: 32, WY: 8, TM: 2, TN: 2, TK: 32, UNROLL: 1 },
      { WX: 4, WY: 32, TM: 2, TN: 4, TK: 16, UNROLL: 1 },
      { WX: 4, WY: 16, TM: 2, TN: 2, TK: 64, UNROLL: 8 },
    ],
    EDGES,
  ),
  ...each('conv2d_gemm', BLOCKS, /^pixels just over/),
  row('conv2d_direct', {}, /^(?!1 x 1(?!.*q4a)|27)/),
  row('conv2d_direct', { PX: 1, TP: 1 }, /^one pixel/),
  ...each('conv2d_direct', LANES, EDGES),
  row('conv_transpose2d'),
  ...each('conv_transpose2d', LANES, /^(all sizes differ.*q4 |.*just over|stride longer)/),
]
