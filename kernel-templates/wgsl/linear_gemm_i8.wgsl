//! y = x wᵀ for many rows of x, quantised to bytes: integer products of four at a time, scales once for 32 columns.
//! WX * WY lanes make a block of WX * TN columns and WY * TM rows, TM x TN results a lane, from tiles of TK columns
//! of x and w in workgroup memory, where weights of every width are bytes.
//! op linear(x: i8x4[M,K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(N / (WX * TN)), ceil(M / (WY * TM))
//! needs M > 1
//! needs WX * WY <= 256
//! needs (WX * TN + WY * TM) * (TK + 16 + TK / 8) <= 16384
//! needs W == q8 || W == q4 || W == q3 || W == q2 || (WX * TN + WY * TM) * (TK + 16 + TK / 4) <= 16384
// The language feature packed_4x8_integer_dot_product.
//#option DOT4 true
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

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % WX;
  let ty = lane / WX;
  // Rows and columns beyond the last repeat it, and are not stored.
  let m_last = row_count() - 1u;
  var sums: array<array<f32, TN>, TM>;
  for (var tile = 0u; tile < TILES; tile++) {
    //#unroll
    for (var t = 0u; t < (BM * PARTS + WG - 1u) / WG; t++) {
      let unit = t * WG + lane;
      if (BM * PARTS % WG == 0u || unit < BM * PARTS) {
        let m = min(group.y * BM + unit / PARTS, m_last);
        x_tile[unit / PARTS * STRIDE + unit % PARTS] = x_bytes(m, tile * PARTS + unit % PARTS);
      }
    }
    //#unroll
    for (var t = 0u; t < (BM * BLOCKS + WG - 1u) / WG; t++) {
      let unit = t * WG + lane;
      if (BM * BLOCKS % WG == 0u || unit < BM * BLOCKS) {
        let m = min(group.y * BM + unit / BLOCKS, m_last);
        let step = x_scale(m, tile * BLOCKS + unit % BLOCKS);
        x_steps[unit] = step;
//#if W == q8a || W == q4a || W == q3a || W == q2a
//:     x_totals[unit] = step * f32(x_sum(m, tile * BLOCKS + unit % BLOCKS));
//#end
      }
    }
    //#unroll
    for (var t = 0u; t < (BN * WORDS + WG - 1u) / WG; t++) {
      let unit = t * WG + lane;
      if (BN * WORDS % WG == 0u || unit < BN * WORDS) {
        let n = min(group.x * BN + unit / WORDS, N - 1u);
        // Beyond the row's end any weight does: x is 0 there.
        let word = word_at(n, min(tile * WORDS + unit % WORDS, ROW_WORDS - 1u));
        let to = place(unit / WORDS) * STRIDE + unit % WORDS * WORD_BYTES;
        //#unroll
        for (var h = 0u; h < WORD_BYTES; h++) {
          w_tile[to + h] = word_signed(word, h);
        }
      }
    }
    //#unroll
    for (var t = 0u; t < (BN * BLOCKS + WG - 1u) / WG; t++) {
      let unit = t * WG + lane;
      if (BN * BLOCKS % WG == 0u || unit < BN * BLOCKS) {
        let n = min(group.x * BN + unit / BLOCKS, N - 1u);
        let i = min((tile * BLOCKS + unit % BLOCKS) * BLOCK_WORDS, ROW_WORDS - 1u);
        let to = place(unit / BLOCKS) * BLOCKS + unit % BLOCKS;
        w_steps[to] = word_scale(n, i);
//#if W == q8a || W == q4a || W == q3a || W == q2a
//:     w_mins[to] = word_min(n, i) - f32(SIGNED_ABOVE) * word_scale(n, i);
//#end
      }
    }
    workgroupBarrier();
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
//:       let x_total = x_totals[(i * WY + ty) * BLOCKS + block];
//:       sums[i][j] = fma(x_total, w_mins[(j * WX + tx) * BLOCKS + block], sums[i][j]);
//#end
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
