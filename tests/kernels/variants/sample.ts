/** Shapes of the sampling kernel. */
import { cross, each, row, SUBGROUPS, sizes, type VariantRow } from './common.js'

export const sample: VariantRow[] = [
  row('penalize', { WG: 32 }),
  ...each('penalize', sizes(64, 128, 256), /many/),
  ...each('sample', cross(SUBGROUPS, [{ WG: 64, UNROLL: 1 }])),
  ...each('sample', SUBGROUPS, /^draw, many/),
  ...each(
    'sample',
    cross(SUBGROUPS, [
      { WG: 32, UNROLL: 2 },
      { WG: 128, UNROLL: 4 },
    ]),
    /both|ties/,
  ),
]
