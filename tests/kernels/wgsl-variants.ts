/**
 * The shapes of the WGSL kernels that are tested: feature and format parameters in every combination, tunables
 * each at every value somewhere. A new shape is a row here; a test checks that none is missing.
 */
import type { Facts } from '../../compiler/ops/types.js'

export interface VariantRow {
  template: string
  /** Features and tunables; facts come from the case. */
  params: Facts
  /** Cases by name; all where absent. */
  cases?: RegExp
}

const row = (template: string, params: Facts = {}, cases?: RegExp): VariantRow => ({
  template,
  params,
  ...(cases && { cases }),
})

/** One row a parameter set. */
const each = (template: string, sets: Facts[], cases?: RegExp) =>
  sets.map((params) => row(template, params, cases))

const SUBGROUPS = [{ SUBGROUPS: false }, { SUBGROUPS: true }]
const sizes = (...values: number[]) => values.map((WG) => ({ WG }))
/** Every set of `a` with every one of `b`. */
const cross = (a: Facts[], b: Facts[]) => a.flatMap((x) => b.map((y) => ({ ...x, ...y })))

/** Cases of linear that meet every edge of a tile, few enough for every tunable. */
const EDGES = /^(odd sizes|columns just over a large tile|a piece of.*glu).*q4|K not a multiple.*f16/

/** Shapes that compile fast in software, for the cases that are about formats and sizes; then the defaults. */
const SMALL_GEMV = { WG: 32, LANES: 8, ROWS: 2 }
const SMALL_GEMM = { WX: 4, WY: 8, TM: 2, TN: 2, UNROLL: 1 }

export const rows: VariantRow[] = [
  row('embed'),
  ...each('embed', sizes(32, 128, 256), /a long row/),
  ...each('rmsnorm', SUBGROUPS),
  ...each('rmsnorm', cross(SUBGROUPS, sizes(32, 64, 128)), /odd row|long/),
  row('binary'),
  ...each('binary', sizes(32, 128, 256), /^add, row just over/),
  row('unary'),
  ...each('unary', sizes(32, 128, 256), /over a workgroup/),
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
    ]),
    EDGES,
  ),
  ...each('linear_gemv', cross(SUBGROUPS, [{ WG: 128, LANES: 128, ROWS: 2, COLS: 1 }]), /(K not|long).*W=f/),
  ...each('linear_gemm', cross([{ E: 'f32' }, { E: 'f16' }], [SMALL_GEMM])),
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
  row('rope'),
  ...each('rope', sizes(32, 128, 256), /more than a workgroup/),
  row('kv_append'),
  ...each('kv_append', sizes(32, 128, 256), /more than a workgroup/),
  row('rope_kv'),
  ...each('rope_kv', sizes(32, 128, 256), /to the end/),
  ...each('attention_decode', SUBGROUPS),
  ...each(
    'attention_decode',
    cross(SUBGROUPS, [
      { WG: 32, UNROLL: 1 },
      { WG: 64, UNROLL: 2 },
      { WG: 128, UNROLL: 4 },
    ]),
    /^decode, (many|odd).*f16/,
  ),
  row('attention_prefill', { WG: 32, BQ: 4, UNROLL: 1 }),
  row('attention_prefill', {}, /^prefill, (many|head of 80).*f16|^prefill just/),
  row('attention_prefill', { WG: 64, BQ: 16, UNROLL: 2 }, /^prefill, (many|odd).*f16/),
  row('attention_prefill', { WG: 256, BQ: 4, UNROLL: 4 }, /^prefill, many.*f16/),
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
