/** Shapes of the elementwise kernels. */
import { each, row, sizes, type VariantRow } from './common.js'

export const elementwise: VariantRow[] = [
  row('binary'),
  ...each('binary', sizes(32, 128, 256), /^add, row just over/),
  row('unary'),
  ...each('unary', sizes(32, 128, 256), /over a workgroup/),
]
