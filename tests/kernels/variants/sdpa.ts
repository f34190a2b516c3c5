/** Shapes of attention over activations. */
import { cross, each, row, SUBGROUPS, sizes, type VariantRow } from './common.js'

/** A shape that compiles fast in software, for the cases that are about who sees what. */
const SMALL = { TX: 4, TY: 4, CHUNK: 4 }
/** Cases that meet every edge of a tile. */
const EDGES = /^many, (just over|wide values)/

export const sdpa: VariantRow[] = [
  ...each('sdpa_tile', cross(SUBGROUPS, [SMALL, { ...SMALL, E: 'f16' }]), /^many|^one/),
  row('sdpa_tile', {}, /^many, (just over|widest)/),
  ...each(
    'sdpa_tile',
    [
      { TX: 16, TY: 4, CHUNK: 4 },
      { TX: 4, TY: 16, CHUNK: 4 },
      { TX: 4, TY: 4, BLOCK: true },
    ],
    EDGES,
  ),
  row('sdpa_tile', { TX: 8, TY: 16, E: 'f16', BLOCK: true }, /^many, just over/),
  ...each('sdpa_row', cross(SUBGROUPS, sizes(32)), /^few, (?!wide v)|^one/),
  ...each('sdpa_row', cross(SUBGROUPS, [{ WG: 64 }, { WG: 128 }, { WG: 256 }]), /^few, (many|wide v)/),
]
