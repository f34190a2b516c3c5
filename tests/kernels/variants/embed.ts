/** Shapes of the embedding kernels. */
import { each, row, sizes, type VariantRow } from './common.js'

export const embed: VariantRow[] = [
  row('embed'),
  ...each('embed', sizes(32, 128, 256), /a long row/),
  row('add_positions', { WG: 32 }),
  ...each('add_positions', [...sizes(64, 128, 256), { WG: 32, FOLD: 3 }], /more than/),
]
