/** Shapes of the normalisation kernels. */
import { cross, each, row, SUBGROUPS, sizes, type VariantRow } from './common.js'

const SMALL = { WG: 32 }
const LARGER = sizes(64, 128, 256)

export const norms: VariantRow[] = [
  ...each('rmsnorm', SUBGROUPS),
  ...each('rmsnorm', cross(SUBGROUPS, sizes(32, 64, 128)), /odd row|long/),
  row('rmsnorm', { ...SMALL, FOLD: 3 }, /many rows/),
  ...each('add_rmsnorm', cross(SUBGROUPS, [SMALL])),
  ...each('add_rmsnorm', cross(SUBGROUPS, LARGER), /long/),
  row('add_rmsnorm', { ...SMALL, FOLD: 3 }, /^odd row/),
  ...each('layernorm', cross(SUBGROUPS, [SMALL])),
  ...each('layernorm', cross(SUBGROUPS, LARGER), /odd row|long|just over/),
  row('layernorm', { ...SMALL, FOLD: 3 }, /shorter than/),
  ...each('groupnorm', cross(SUBGROUPS, [SMALL])),
  ...each('groupnorm', cross(SUBGROUPS, LARGER), /just over/),
  ...each('l2norm', cross(SUBGROUPS, [SMALL])),
  ...each('l2norm', cross(SUBGROUPS, LARGER), /just over/),
  row('l2norm', { ...SMALL, FOLD: 3 }, /odd row/),
  row('scale_shift', SMALL),
  ...each('scale_shift', LARGER, /more than/),
  row('scale_shift', { ...SMALL, FOLD: 3 }, /more than/),
]
