/** Shapes of the normalisation kernels. */
import { cross, each, row, SUBGROUPS, sizes, type VariantRow } from './common.js'

export const norms: VariantRow[] = [
  ...each('rmsnorm', SUBGROUPS),
  ...each('rmsnorm', cross(SUBGROUPS, sizes(32, 64, 128)), /odd row|long/),
]
