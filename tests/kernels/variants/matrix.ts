/** Shapes of the product by subgroup matrices, and of what makes the halves that it reads. */
import { each, row, sizes, type VariantRow } from './common.js'

/** Cases of linear that meet every edge of a tile, few enough for every tunable. */
const EDGES = /^octs.*(q4|f16)/

export const matrix: VariantRow[] = [
  row('halve_rows'),
  ...each('halve_rows', sizes(32, 128, 256), /more than/),
  row('halve_rows', { FOLD: 3 }, /more than/),
  row('linear_gemm_matrix'),
  ...each(
    'linear_gemm_matrix',
    [
      { WX: 1, WY: 4, TM: 1, TN: 8, TK: 16, PAD: 0 },
      { WX: 4, WY: 1, TM: 8, TN: 1, TK: 64, PAD: 0 },
      // Blocks of 128 x 128.
      { WX: 2, WY: 2, TM: 4, TN: 4, TK: 32 },
      { WX: 2, WY: 2, TM: 4, TN: 8, MN: 8, TK: 32 },
      // Columns that are no power of two.
      { WX: 2, WY: 2, TM: 4, TN: 7, MN: 8, TK: 32 },
      { TK: 64, MN: 8 },
      { WX: 4, WY: 2, TM: 4, TN: 2, TK: 16, PAD: 0 },
      { ACC: 'f16' },
      { WX: 2, WY: 1, TM: 2, TN: 2, TK: 128 },
      // Other devices' sizes.
      { MM: 8, MN: 8, MK: 8, ACC: 'f16', TM: 4, TN: 4 },
      { MM: 8, MN: 16, MK: 16, LANES: 16 },
      { LANES: 64, WX: 2, WY: 1 },
    ],
    EDGES,
  ),
]
