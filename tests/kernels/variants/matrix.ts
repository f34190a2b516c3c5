/** Shapes of the product by subgroup matrices. */
import { each, row, type VariantRow } from './common.js'

/** Cases of linear that meet every edge of a tile, few enough for every tunable. */
const EDGES =
  /^(odd sizes|columns just over a large tile|rows just over|a piece of.*glu).*q4|K not a multiple.*f16/

export const matrix: VariantRow[] = [
  row('linear_gemm_matrix'),
  ...each(
    'linear_gemm_matrix',
    [
      { WX: 1, WY: 4, TM: 1, TN: 4, TK: 16, PAD: 0 },
      { WX: 4, WY: 1, TM: 2, TN: 1, TK: 64, PAD: 0 },
      // Blocks of 128 x 128.
      { WX: 2, WY: 2, TM: 4, TN: 4, TK: 16 },
      { WX: 4, WY: 2, TM: 4, TN: 2, TK: 16, PAD: 0 },
      { ACC: 'f16' },
      // Other devices' sizes.
      { MM: 8, MN: 8, MK: 8, ACC: 'f16', TM: 4, TN: 4 },
      { MM: 8, MN: 16, MK: 16, LANES: 16 },
      { LANES: 64, WX: 2, WY: 1 },
    ],
    EDGES,
  ),
]
