/** Shapes of the product of activations. */
import { BLOCKS, cross, each, row, type VariantRow } from './common.js'

const SMALL = { WX: 4, WY: 8, TM: 2, TN: 2, UNROLL: 1 }
const EDGES = /^odd|^just over a large/

export const matmul: VariantRow[] = [
  ...each('matmul', cross([{ E: 'f32' }, { E: 'f16' }], [SMALL])),
  row('matmul', {}, /^shared|large/),
  ...each(
    'matmul',
    [
      { WX: 16, WY: 4, TM: 1, TN: 4, TK: 8, UNROLL: 2 },
      { WX: 4, WY: 32, TM: 2, TN: 1, TK: 32, UNROLL: 4 },
      { WX: 32, WY: 4, TM: 8, TN: 2, TK: 16, UNROLL: 4 },
      { WX: 4, WY: 16, TM: 1, TN: 8, TK: 64, UNROLL: 8 },
    ],
    EDGES,
  ),
  ...each('matmul', BLOCKS, /^just over a large/),
]
