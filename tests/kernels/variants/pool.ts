/** Shapes of the pooling kernel. */
import { each, row, sizes, type VariantRow } from './common.js'

export const pool: VariantRow[] = [
  row('pool2d', { WG: 32 }),
  row('pool2d', { FOLD: 3 }, /workgroup/),
  ...each('pool2d', sizes(64, 128, 256), /^max.*workgroup/),
]
