//! y = x wᵀ for many rows of x. WX * WY lanes make a block of WX * TN columns and WY * TM rows, TM x TN results
//! a lane, from tiles of TK columns of x and w in workgroup memory. Weights are decoded once a block. E: with
//! shader-f16, tiles and products of four are halves (unless weights are f32); sums are f32 either way.
//! op linear(x: f32[M,K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(N / (WX * TN)), ceil(M / (WY * TM))
//! needs M > 1
//! needs WX * WY <= 256
//! needs TK % (4 * UNROLL) == 0
//! needs (WX * TN + WY * TM) * (TK + 4) * 4 <= 16384
//#option E f32|f16
//#option W f32|f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#if E == f16 && W != f32
//: enable f16;
//: alias Quad = vec4<f16>;
//#else
alias Quad = vec4<f32>;
//#end
// How the lanes are counted: in one dimension, or in WX columns and WY rows.
//#option BLOCK false|true
//#param WX 8|4|16|32
const WX: u32 = 8u;
//#param WY 8|4|16|32
const WY: u32 = 8u;
//#param TM 4|2|8
const TM: u32 = 4u;
//#param TN 4|2|8
const TN: u32 = 4u;
//#param TK 16|32|64
const TK: u32 = 16u;
// Vec4s of a tile's columns in a turn of the inner loop.
//#param UNROLL 2|1|4|8
const UNROLL: u32 = 2u;
//#param N 1..
const N: u32 = 64u;
//#include "lib/x_quads.wgsl"
const COLUMNS: u32 = K;
//#include "lib/format_$W.wgsl"
//#include "lib/epilogue.wgsl"
//#include "lib/rows.wgsl"

const WG: u32 = WX * WY;
const BM: u32 = WY * TM;
const BN: u32 = WX * TN;
const QUADS: u32 = TK / 4u;
const TILES: u32 = (K + TK - 1u) / TK;
const RAGGED: bool = K % TK != 0u;
// One vec4 more than a row needs: lanes that read rows side by side then meet different banks.
const STRIDE: u32 = QUADS + 1u;
const X_TURNS: u32 = (BM * QUADS + WG - 1u) / WG;
const W_TURNS: u32 = (BN * QUADS + WG - 1u) / WG;
// Columns that one result takes.
//#if EPI == glu
//: const STEP: u32 = 2u;
//#else
const STEP: u32 = 1u;
//#end

var<workgroup> x_tile: array<Quad, BM * STRIDE>;
var<workgroup> w_tile: array<Quad, BN * STRIDE>;

//#if BLOCK
//: @compute @workgroup_size(WX, WY)
//#else
@compute @workgroup_size(WG)
//#end
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % WX;
  let ty = lane / WX;
  // Rows beyond the last repeat it, and are not stored.
  let m_last = row_count() - 1u;
  var sums: array<array<f32, TN>, TM>;
  for (var tile = 0u; tile < TILES; tile++) {
    //#unroll
    for (var t = 0u; t < X_TURNS; t++) {
      let unit = t * WG + lane;
      if (BM * QUADS % WG == 0u || unit < BM * QUADS) {
        let m = min(group.y * BM + unit / QUADS, m_last);
        x_tile[unit / QUADS * STRIDE + unit % QUADS] = Quad(x_quad(m, tile * QUADS + unit % QUADS));
      }
    }
    //#unroll
    for (var t = 0u; t < W_TURNS; t++) {
      let unit = t * WG + lane;
      if (BN * QUADS % WG == 0u || unit < BN * QUADS) {
        let column = unit / QUADS;
        let n = min(group.x * BN + column, N - 1u);
        // Beyond the row's end any weight does: x is 0 there.
        let quad = tile * QUADS + unit % QUADS;
        let i = min(quad / WORD_QUADS, ROW_WORDS - 1u);
        let weights = word_quad(word_at(n, i), quad % WORD_QUADS) * word_scale(n, i) + word_min(n, i);
        // A lane's columns are neighbours; in the tile they lie WX apart, so that lanes read side by side.
        w_tile[(column % TN * WX + column / TN) * STRIDE + unit % QUADS] = Quad(weights);
      }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < QUADS / UNROLL; turn++) {
      //#unroll
      for (var u = 0u; u < UNROLL; u++) {
        let q = turn * UNROLL + u;
        var ws: array<Quad, TN>;
        //#unroll
        for (var j = 0u; j < TN; j++) {
          ws[j] = w_tile[(j * WX + tx) * STRIDE + q];
        }
        //#unroll
        for (var i = 0u; i < TM; i++) {
          let xs = x_tile[(i * WY + ty) * STRIDE + q];
          //#unroll
          for (var j = 0u; j < TN; j++) {
//#if E == f16 && W != f32
//:         sums[i][j] += f32(dot(xs, ws[j]));
//#else
            sums[i][j] = add_dot(sums[i][j], xs, ws[j]);
//#end
          }
        }
      }
    }
    workgroupBarrier();
  }
  //#unroll
  for (var i = 0u; i < TM; i++) {
    let m = group.y * BM + i * WY + ty;
    //#unroll
    for (var j = 0u; j < TN; j += STEP) {
      let n = group.x * BN + tx * TN + j;
      if (m <= m_last && n < N) {
//#if EPI == glu
//:     finish_pair(m, n, sums[i][j], sums[i][j + 1u]);
//#else
        finish(m, n, sums[i][j]);
//#end
      }
    }
  }
}
