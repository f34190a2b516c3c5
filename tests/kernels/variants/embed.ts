/** Shapes of the embedding kernels. */
import { each, row, sizes, type VariantRow } from './common.js'

export const embed: VariantRow[] = [
  row('embed'),
  ...each('embed', sizes(32, 128, 256), /a long row/),
  row('embed_pair'),
  ...each('embed_pair', sizes(32, 128, 256), /f32|q8 G=0/),
  row('add_positions', { WG: 32 }),
  ...each('add_positions', [...sizes(64, 128, 256), { WG: 32, FOLD: 3 }], /more than/),
]
