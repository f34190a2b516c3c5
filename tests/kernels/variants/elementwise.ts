/** Shapes of the elementwise kernels. */
import { each, row, sizes, TWO_ROWS, type VariantRow } from './common.js'

export const elementwise: VariantRow[] = [
  row('binary', { WG: 32 }),
  ...each('binary', [...sizes(64, 128, 256), { WG: 32, FOLD: 3 }, TWO_ROWS], /^add.*row just over/),
  row('unary', { WG: 32 }),
  ...each('unary', [...sizes(64, 128, 256), { WG: 32, FOLD: 3 }, TWO_ROWS], /over a workgroup/),
  ...['binary_nd', 'where_nd'].flatMap((name) => [
    row(name, { WG: 32 }),
    ...each(name, [...sizes(64, 128, 256), { WG: 32, FOLD: 3 }], /more than/),
  ]),
]
