/** Shapes of the kernels that go along an axis: softmax, reductions, running sums. */
import { cross, each, row, SUBGROUPS, sizes, type VariantRow } from './common.js'

const SMALL = { WG: 32 }
const LARGER = sizes(64, 128, 256)

export const reductions: VariantRow[] = [
  ...each('softmax_rows', cross(SUBGROUPS, [SMALL])),
  ...each('softmax_rows', cross(SUBGROUPS, LARGER), /long/),
  row('softmax_rows', { ...SMALL, FOLD: 3 }, /just over/),
  row('softmax_columns', SMALL),
  ...each('softmax_columns', LARGER, /just over/),
  row('softmax_columns', { ...SMALL, FOLD: 3 }, /just over/),
]
