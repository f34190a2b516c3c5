//! y = x wᵀ for many rows of x, quantised to bytes: integer products of four at a time, scales once for 32 columns.
//! WX * WY lanes make a block of WX * TN columns and WY * TM rows, TM x TN results a lane, from tiles of TK columns
//! of x and w in workgroup memory, where weights of every width are bytes; the next tile is loaded while one is
//! multiplied.
//! op linear(x: i8x4[M,K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(M / (WY * TM)), ceil(N / (WX * TN))
//! needs M > 1
//! needs WX * WY <= 256
//! needs (WX * TN + WY * TM) * (TK + 16 + TK / 8) <= 32768
//! needs W == q8 || W == q4 || W == q3 || W == q2 || (WX * TN + WY * TM) * (TK + 16 + TK / 4) <= 32768
// The language feature packed_4x8_integer_dot_product.
//#option DOT4 true
// How the lanes are counted: in one dimension, or in WX columns and WY rows.
//#option BLOCK false|true
//#param WX 16|4|8|32
const WX: u32 = 16u;
//#param WY 8|4|16|32
const WY: u32 = 8u;
//#param TM 4|1|2|8
const TM: u32 = 4u;
//#param TN 4|2|8
const TN: u32 = 4u;
//#param TK 32|64|128
const TK: u32 = 32u;
//#param N 1..
const N: u32 = 64u;
//#include "lib/x_bytes.wgsl"
const COLUMNS: u32 = K;
//#option W q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/format_$W.wgsl"
//#include "lib/bytes.wgsl"
//#include "lib/epilogue.wgsl"
//#include "lib/rows.wgsl"

const WG: u32 = WX * WY;
const BM: u32 = WY * TM;
const BN: u32 = WX * TN;
const TILES: u32 = (K + TK - 1u) / TK;
// Of a row of a tile: parts of 16 bytes, words of w, blocks of 32 columns.
const PARTS: u32 = TK / 16u;
const WORDS: u32 = PARTS / WORD_BYTES;
const BLOCKS: u32 = TK / 32u;
const BLOCK_WORDS: u32 = 2u / WORD_BYTES;
// One part more than a row needs: lanes that read rows side by side then meet different banks.
const STRIDE: u32 = PARTS + 1u;
const X_TURNS: u32 = (BM * PARTS + WG - 1u) / WG;
const W_TURNS: u32 = (BN * WORDS + WG - 1u) / WG;
const X_STEP_TURNS: u32 = (BM * BLOCKS + WG - 1u) / WG;
const W_STEP_TURNS: u32 = (BN * BLOCKS + WG - 1u) / WG;
// Columns that one result takes.
//#if EPI == glu
//: const STEP: u32 = 2u;
//#else
const STEP: u32 = 1u;
//#end

var<workgroup> x_tile: array<vec4<u32>, BM * STRIDE>;
var<workgroup> w_tile: array<vec4<u32>, BN * STRIDE>;
var<workgroup> x_steps: array<f32, BM * BLOCKS>;
var<workgroup> w_steps: array<f32, BN * BLOCKS>;
// Of formats with a minimum: what it is, and the sums of x that meet it.
//#if W == q8a || W == q4a || W == q3a || W == q2a
//: var<workgroup> x_totals: array<f32, BM * BLOCKS>;
//: var<workgroup> w_mins: array<f32, BN * BLOCKS>;
//#end

// A lane's columns are neighbours; in the tile they lie WX apart, so that lanes read side by side.
fn place(column: u32) -> u32 {
  return column % TN * WX + column / TN;
}

// The first word of a block of 32 columns; beyond the row's end any does.
fn block_word(tile: u32, unit: u32) -> u32 {
  return min((tile * BLOCKS + unit % BLOCKS) * BLOCK_WORDS, ROW_WORDS - 1u);
}

//#if BLOCK
//: @compute @workgroup_size(WX, WY)
//#else
@compute @workgroup_size(WG)
//#end
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % WX;
  let ty = lane / WX;
  // Rows and columns beyond the last repeat it, and are not stored.
  let m_last = row_count() - 1u;
  var sums: array<array<f32, TN>, TM>;
  var x_next: array<vec4<u32>, X_TURNS>;
  var w_next: array<Word, W_TURNS>;
  var x_steps_next: array<f32, X_STEP_TURNS>;
  // As they were loaded: to make numbers of them at once would wait for them.
  var w_scales_next: array<u32, W_STEP_TURNS>;
//#if W == q8a || W == q4a || W == q3a || W == q2a
//: var x_sums_next: array<i32, X_STEP_TURNS>;
//#end
  for (var tile = 0u; tile <= TILES; tile++) {
    if (tile < TILES) {
      //#unroll
      for (var t = 0u; t < X_TURNS; t++) {
        let unit = t * WG + lane;
        x_next[t] = x_bytes(min(group.x * BM + unit / PARTS, m_last), tile * PARTS + unit % PARTS);
      }
      //#unroll
      for (var t = 0u; t < W_TURNS; t++) {
        let unit = t * WG + lane;
        let n = min(group.y * BN + unit / WORDS, N - 1u);
        // Beyond the row's end any weight does: x is 0 there.
        w_next[t] = word_at(n, min(tile * WORDS + unit % WORDS, ROW_WORDS - 1u));
      }
      //#unroll
      for (var t = 0u; t < X_STEP_TURNS; t++) {
        let unit = t * WG + lane;
        let m = min(group.x * BM + unit / BLOCKS, m_last);
        x_steps_next[t] = x_scale(m, tile * BLOCKS + unit % BLOCKS);
//#if W == q8a || W == q4a || W == q3a || W == q2a
//:     x_sums_next[t] = x_sum(m, tile * BLOCKS + unit % BLOCKS);
//#end
      }
      //#unroll
      for (var t = 0u; t < W_STEP_TURNS; t++) {
        let unit = t * WG + lane;
        let n = min(group.y * BN + unit / BLOCKS, N - 1u);
        w_scales_next[t] = scale_word(n, block_word(tile, unit));
      }
    }
    if (tile > 0u) {
      for (var block = 0u; block < BLOCKS; block++) {
        var ws: array<vec4<u32>, 2u * TN>;
        var scales: array<f32, TN>;
        //#unroll
        for (var j = 0u; j < TN; j++) {
          ws[2u * j] = w_tile[(j * WX + tx) * STRIDE + 2u * block];
          ws[2u * j + 1u] = w_tile[(j * WX + tx) * STRIDE + 2u * block + 1u];
          scales[j] = w_steps[(j * WX + tx) * BLOCKS + block];
        }
        //#unroll
        for (var i = 0u; i < TM; i++) {
          let low = x_tile[(i * WY + ty) * STRIDE + 2u * block];
          let high = x_tile[(i * WY + ty) * STRIDE + 2u * block + 1u];
          let scale = x_steps[(i * WY + ty) * BLOCKS + block];
          //#unroll
          for (var j = 0u; j < TN; j++) {
            let dots = add_dot16(add_dot16(0i, low, ws[2u * j]), high, ws[2u * j + 1u]);
            sums[i][j] = fma(f32(dots), scale * scales[j], sums[i][j]);
//#if W == q8a || W == q4a || W == q3a || W == q2a
//:         let x_total = x_totals[(i * WY + ty) * BLOCKS + block];
//:         sums[i][j] = fma(x_total, w_mins[(j * WX + tx) * BLOCKS + block], sums[i][j]);
//#end
          }
        }
      }
    }
    workgroupBarrier();
    if (tile < TILES) {
      //#unroll
      for (var t = 0u; t < X_TURNS; t++) {
        let unit = t * WG + lane;
        if (BM * PARTS % WG == 0u || unit < BM * PARTS) {
          x_tile[unit / PARTS * STRIDE + unit % PARTS] = x_next[t];
        }
      }
      //#unroll
      for (var t = 0u; t < X_STEP_TURNS; t++) {
        let unit = t * WG + lane;
        if (BM * BLOCKS % WG == 0u || unit < BM * BLOCKS) {
          x_steps[unit] = x_steps_next[t];
//#if W == q8a || W == q4a || W == q3a || W == q2a
//:       x_totals[unit] = x_steps_next[t] * f32(x_sums_next[t]);
//#end
        }
      }
      //#unroll
      for (var t = 0u; t < W_TURNS; t++) {
        let unit = t * WG + lane;
        if (BN * WORDS % WG == 0u || unit < BN * WORDS) {
          let to = place(unit / WORDS) * STRIDE + unit % WORDS * WORD_BYTES;
          //#unroll
          for (var h = 0u; h < WORD_BYTES; h++) {
            w_tile[to + h] = word_signed(w_next[t], h);
          }
        }
      }
      //#unroll
      for (var t = 0u; t < W_STEP_TURNS; t++) {
        let unit = t * WG + lane;
        if (BN * BLOCKS % WG == 0u || unit < BN * BLOCKS) {
          let to = place(unit / BLOCKS) * BLOCKS + unit % BLOCKS;
          let n = min(group.y * BN + unit / BLOCKS, N - 1u);
          let scales = scale_and_min(w_scales_next[t], n, block_word(tile, unit));
          w_steps[to] = scales.x;
//#if W == q8a || W == q4a || W == q3a || W == q2a
//:       w_mins[to] = scales.y - f32(SIGNED_ABOVE) * scales.x;
//#end
        }
      }
    }
    workgroupBarrier();
  }
  //#unroll
  for (var i = 0u; i < TM; i++) {
    let m = group.x * BM + i * WY + ty;
    //#unroll
    for (var j = 0u; j < TN; j += STEP) {
      let n = group.y * BN + tx * TN + j;
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
