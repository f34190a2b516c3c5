//! Convolution as a product of w with a matrix that is never stored: a column a pixel of y (of all images), a
//! row a tap of a channel. WX * WY lanes make a block of WY * TM channels of a group and WX * TN pixels,
//! TM x TN results a lane, from tiles of TK rows in workgroup memory; x is gathered into its tile. A 1 x 1
//! kernel makes it a plain product. E: with shader-f16, tiles and products of four are halves (unless weights
//! are f32); sums are f32 either way.
//! op conv2d(x: f32[B,CIN,IH,IW], w: W[COUT,CIN / GROUPS * KH * KW], b?: f32[COUT], r?: f32[B,COUT,OH,OW]) ->
//!   y: f32[B,COUT,OH,OW]
//! grid ceil(B * OH * OW / (WX * TN)), ceil(COUT / GROUPS / (WY * TM)), GROUPS
//! needs WX * WY <= 256
//! needs TK % (4 * UNROLL) == 0
//! needs (WX * TN + WY * TM) * (TK + 4) * 4 <= 16384
//! needs ceil(B * OH * OW / (WX * TN)) <= 65535
//! needs GROUPS <= 65535
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
// Vec4s of a tile's rows in a turn of the inner loop.
//#param UNROLL 2|1|4|8
const UNROLL: u32 = 2u;
//#param B 1..
const B: u32 = 1u;
//#include "lib/conv_sizes.wgsl"
const COLUMNS: u32 = GIN * KH * KW;
//#include "lib/format_$W.wgsl"
//#include "lib/math.wgsl"
//#include "lib/conv_finish.wgsl"

const WG: u32 = WX * WY;
const BM: u32 = WY * TM;
const BN: u32 = WX * TN;
const QUADS: u32 = TK / 4u;
const TILES: u32 = (COLUMNS + TK - 1u) / TK;
// One vec4 more than a row needs: lanes that read rows side by side then meet different banks.
const STRIDE: u32 = QUADS + 1u;
// All are powers of two: lanes fetch whole turns, or a part of one.
const X_TURNS: u32 = max(BN * QUADS / WG, 1u);
const W_TURNS: u32 = max(BM * QUADS / WG, 1u);

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

var<workgroup> x_tile: array<Quad, BN * STRIDE>;
var<workgroup> w_tile: array<Quad, BM * STRIDE>;

// What the k-th column of w meets at a pixel whose first tap is in plane `at.x` at row `at.y` and column `at.z`.
// Rows and columns before the first wrap to large numbers, so that one comparison serves both edges; what is
// read beyond them is some number or other, and not taken.
fn x_at(at: vec3<u32>, k: u32) -> f32 {
  let plane = at.x + k / (KH * KW);
  let ih = at.y + k / KW % KH * DH;
  let iw = at.z + k % KW * DW;
  let value = x[(plane * IH + ih) * IW + iw];
//#if PT == 0 && PL == 0 && (OH - 1) * SH + (KH - 1) * DH < IH && (OW - 1) * SW + (KW - 1) * DW < IW && CIN / GROUPS * KH * KW % TK == 0
//: // Whole tiles, and no tap is beyond an edge.
//: return value;
//#else
  return select(0.0, value, k < COLUMNS && ih < IH && iw < IW);
//#end
}

//#if BLOCK
//: @compute @workgroup_size(WX, WY)
//#else
@compute @workgroup_size(WG)
//#end
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % WX;
  let ty = lane / WX;
  // Where the pixels that this lane fetches begin. What lies beyond the last pixel or channel is computed from
  // some numbers or other, and not stored.
  var starts: array<vec3<u32>, X_TURNS>;
  //#unroll
  for (var t = 0u; t < X_TURNS; t++) {
    let pixel = group.x * BN + (t * WG + lane) % BN;
    let plane = pixel / PIXELS * CIN + group.z * GIN;
    starts[t] = vec3<u32>(plane, pixel / OW % OH * SH - PT, pixel % OW * SW - PL);
  }
  var sums: array<array<f32, TN>, TM>;
  for (var tile = 0u; tile < TILES; tile++) {
    // Neighbouring lanes fetch neighbouring pixels.
    //#unroll
    for (var t = 0u; t < X_TURNS; t++) {
      let unit = t * WG + lane;
      if (unit < BN * QUADS) {
        let k = tile * TK + unit / BN * 4u;
        let quad = vec4<f32>(x_at(starts[t], k), x_at(starts[t], k + 1u), x_at(starts[t], k + 2u), x_at(starts[t], k + 3u));
        x_tile[unit % BN * STRIDE + unit / BN] = Quad(quad);
      }
    }
    //#unroll
    for (var t = 0u; t < W_TURNS; t++) {
      let unit = t * WG + lane;
      if (unit < BM * QUADS) {
        let row = group.z * GOUT + group.y * BM + unit / QUADS;
        // Beyond the row's end any weight does: x is 0 there.
        let quad = tile * QUADS + unit % QUADS;
        let i = min(quad / WORD_QUADS, ROW_WORDS - 1u);
        let weights = word_quad(word_at(row, i), quad % WORD_QUADS) * word_scale(row, i) + word_min(row, i);
        w_tile[unit / QUADS * STRIDE + unit % QUADS] = Quad(weights);
      }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < QUADS / UNROLL; turn++) {
      //#unroll
      for (var u = 0u; u < UNROLL; u++) {
        let q = turn * UNROLL + u;
        var xs: array<Quad, TN>;
        //#unroll
        for (var j = 0u; j < TN; j++) {
          xs[j] = x_tile[(j * WX + tx) * STRIDE + q];
        }
        //#unroll
        for (var i = 0u; i < TM; i++) {
          let ws = w_tile[(i * WY + ty) * STRIDE + q];
          //#unroll
          for (var j = 0u; j < TN; j++) {
//#if E == f16 && W != f32
//:         sums[i][j] += f32(dot(ws, xs[j]));
//#else
            sums[i][j] = add_dot(sums[i][j], ws, xs[j]);
//#end
          }
        }
      }
    }
    workgroupBarrier();
  }
  //#unroll
  for (var i = 0u; i < TM; i++) {
    let channel = group.y * BM + i * WY + ty;
    //#unroll
    for (var j = 0u; j < TN; j++) {
      let pixel = group.x * BN + j * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[i][j]);
      }
    }
  }
}
