/** Shapes of the quantiser of activations, and of the products with what it makes. */
import { BLOCKS, cross, each, row, SUBGROUPS, sizes, type VariantRow } from './common.js'

/** Cases of linear that meet every edge of a tile, few enough for every tunable. */
const EDGES = /^(odd sizes|columns just over a large tile|a piece of.*glu).*q4|K not a multiple.*q8/

const SMALL_GEMV = { WG: 32, LANES: 8, ROWS: 2 }
/** Cases whose rows are whole groups of 128, of every format. */
const GROUPS = /^(whole groups|columns just over a tile)/
/** Several words a lane and turn: rows of whole units, which end in the middle of a turn. */
const UNITS = [
  { UNIT: 2, WG: 64, LANES: 8, ROWS: 2 },
  { UNIT: 4, WG: 32, LANES: 8, ROWS: 1 },
  { UNIT: 4, WG: 128, LANES: 32, ROWS: 4 },
]
const SMALL_GEMM = { WX: 4, WY: 8, TM: 2, TN: 2 }

export const int8: VariantRow[] = [
  ...each('quantize_rows', SUBGROUPS),
  ...each('quantize_rows', cross(SUBGROUPS, sizes(32, 128, 256)), /odd|many/),
  row('linear_gemv_i8', { SUBGROUPS: false, ...SMALL_GEMV }),
  row('linear_gemv_i8', { SUBGROUPS: true, ...SMALL_GEMV }, /^(plain|odd|long|a row past)/),
  ...each('linear_gemv_i8', SUBGROUPS, /^(plain.*G=32, (none|glu)|long)/),
  ...each(
    'linear_gemv_i8',
    cross(SUBGROUPS, [
      { WG: 32, LANES: 32, ROWS: 1, COLS: 2 },
      { WG: 64, LANES: 64, ROWS: 2, COLS: 4 },
      { WG: 128, LANES: 16, ROWS: 8, COLS: 1 },
      { WG: 256, LANES: 256, ROWS: 2, COLS: 2 },
      { WG: 128, LANES: 128, ROWS: 4, COLS: 1 },
    ]),
    EDGES,
  ),
  ...each('linear_gemv_i8', cross(SUBGROUPS, UNITS), GROUPS),
  ...each('norm_linear_gemv_i8', cross(SUBGROUPS, UNITS), GROUPS),
  ...each('norm_glu_gemv_i8', cross(SUBGROUPS, [{ UNIT: 2 }, { UNIT: 4, LANES: 8 }]), /K=256/),
  ...each('norm_linear_gemv_i8', cross(SUBGROUPS, [SMALL_GEMV])),
  ...each('norm_linear_gemv_i8', SUBGROUPS, /^(plain.*G=32, (none|glu)|long)/),
  ...each(
    'norm_linear_gemv_i8',
    cross(SUBGROUPS, [
      { WG: 32, LANES: 32, ROWS: 1 },
      { WG: 64, LANES: 64, ROWS: 2 },
      { WG: 128, LANES: 16, ROWS: 8 },
      { WG: 256, LANES: 256, ROWS: 2 },
      { WG: 128, LANES: 128, ROWS: 4 },
    ]),
    EDGES,
  ),
  ...each('norm_glu_gemv_i8', cross(SUBGROUPS, [{ WG: 64, LANES: 8, ROWS: 8 }])),
  ...each('norm_glu_gemv_i8', SUBGROUPS, /W=(q4|q3) /),
  ...each(
    'norm_glu_gemv_i8',
    cross(SUBGROUPS, [
      { WG: 256, LANES: 8, ROWS: 2 },
      { WG: 128, LANES: 16, ROWS: 8 },
      { WG: 256, LANES: 32, ROWS: 8 },
      { WG: 128, LANES: 8, ROWS: 4 },
    ]),
    /blocks, W=q4 G=(32|64 ACT=silu)/,
  ),
  row('linear_gemm_i8', SMALL_GEMM),
  row('linear_gemm_i8', {}, /^plain.*G=32, (none|glu)|just over/),
  ...each(
    'linear_gemm_i8',
    [
      { WX: 8, WY: 16, TM: 1, TN: 8, TK: 64 },
      { WX: 32, WY: 4, TM: 8, TN: 2, TK: 128 },
      { WX: 16, WY: 8, TM: 8, TN: 8 },
      { WX: 4, WY: 32, TM: 2, TN: 4, TK: 128 },
    ],
    EDGES,
  ),
  ...each('linear_gemm_i8', BLOCKS, /^columns just over a large tile.*q4/),
]
