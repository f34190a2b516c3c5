/** Shapes of the sampling kernel. */
import { cross, each, SUBGROUPS, type VariantRow } from './common.js'

export const sample: VariantRow[] = [
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
