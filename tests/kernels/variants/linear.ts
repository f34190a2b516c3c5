/** Shapes of the GEMV and GEMM kernels. */
import { BLOCKS, cross, each, row, SUBGROUPS, type VariantRow } from './common.js'

/** Cases of linear that meet every edge of a tile, few enough for every tunable. */
const EDGES = /^(odd sizes|columns just over a large tile|a piece of.*glu).*q4|K not a multiple.*f16/

/** Shapes that compile fast in software, for the cases that are about formats and sizes; then the defaults. */
const SMALL_GEMV = { WG: 32, LANES: 8, ROWS: 2 }
const SMALL_GEMM = { WX: 4, WY: 8, TM: 2, TN: 2, UNROLL: 1 }

export const linear: VariantRow[] = [
  ...each('linear_gemv', cross(SUBGROUPS, [SMALL_GEMV])),
  ...each('linear_gemv', SUBGROUPS, /^(plain.*G=32, (none|glu)|long)/),
  ...each(
    'linear_gemv',
    cross(SUBGROUPS, [
      { WG: 32, LANES: 32, ROWS: 1, COLS: 2 },
      { WG: 64, LANES: 64, ROWS: 2, COLS: 4, X: 'memory' },
      { WG: 128, LANES: 16, ROWS: 8, COLS: 1, X: 'memory' },
      { WG: 256, LANES: 256, ROWS: 2, COLS: 2, X: 'memory' },
      { WG: 256, LANES: 64, ROWS: 4, COLS: 1, X: 'tile' },
      { WG: 64, LANES: 16, ROWS: 2, COLS: 3 },
    ]),
    EDGES,
  ),
  ...each('linear_gemv', cross(SUBGROUPS, [{ WG: 128, LANES: 128, ROWS: 2, COLS: 1 }]), /(K not|long).*W=f/),
  ...each('linear_gemm', cross([{ E: 'f32' }, { E: 'f16' }], [SMALL_GEMM])),
  row('linear_gemv', { SUBGROUPS: true, LANES: 128, ROWS: 2, X: 'memory' }, /^plain.*W=f16/),
  row('linear_gemm', { E: 'f32' }, /^plain.*G=32, (none|glu)|rows.*just over/),
  row('linear_gemm', { E: 'f16' }, /^plain.*q4 G=64/),
  ...each(
    'linear_gemm',
    [
      { WX: 4, WY: 16, TM: 2, TN: 8, TK: 16, UNROLL: 1 },
      { WX: 16, WY: 4, TM: 8, TN: 2, TK: 16, UNROLL: 4 },
      { WX: 32, WY: 8, TM: 2, TN: 2, TK: 32, UNROLL: 1 },
      { WX: 4, WY: 32, TM: 2, TN: 4, TK: 16, UNROLL: 1 },
      { WX: 8, WY: 4, TM: 2, TN: 4, TK: 64, UNROLL: 8 },
    ],
    EDGES,
  ),
  ...each('linear_gemm', BLOCKS, /^columns just over a large tile.*q4/),
]

/** The same with a norm in front. */
export const normLinear: VariantRow[] = [
  ...each('norm_linear_gemv', cross(SUBGROUPS, [SMALL_GEMV])),
  ...each('norm_linear_gemv', SUBGROUPS, /^(plain.*G=32, (none|glu)|long)/),
  ...each(
    'norm_linear_gemv',
    cross(SUBGROUPS, [
      { WG: 32, LANES: 32, ROWS: 1 },
      { WG: 64, LANES: 64, ROWS: 2, X: 'memory' },
      { WG: 128, LANES: 16, ROWS: 8, X: 'memory' },
      { WG: 256, LANES: 256, ROWS: 2, X: 'memory' },
      { WG: 256, LANES: 64, ROWS: 4, X: 'tile' },
    ]),
    EDGES,
  ),
  ...each('norm_linear_gemv', cross(SUBGROUPS, [{ WG: 128, LANES: 128, ROWS: 2 }]), /(K not|long).*W=f/),
]
