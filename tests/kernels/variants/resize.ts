/** Shapes of the resampling kernel. */
import { each, row, sizes, type VariantRow } from './common.js'

export const resize: VariantRow[] = [
  row('resize2d', { WG: 32 }),
  row('resize2d', { FOLD: 3 }, /workgroup/),
  ...each('resize2d', sizes(64, 128, 256), /workgroup/),
]
