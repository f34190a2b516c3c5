//! y = SCALE a b for a batch of matrices of activations; TB: b is stored as [BB,N,K]. WX * WY lanes make a block
//! of WX * TN columns and WY * TM rows, TM x TN results a lane, from tiles of TK columns of a and rows of b in
//! workgroup memory. E: with shader-f16, tiles and products of four are halves; sums are f32 either way. SEQ: a
//! matrix of a has step.seq rows.
//! op matmul(a: f32[B,M,K], b: f32[BB,K,N]) -> y: f32[B,M,N]
//! grid ceil(N / (WX * TN)), ceil(M / (WY * TM)), B
//! needs B % BB == 0
//! needs WX * WY <= 256
//! needs TK % (4 * UNROLL) == 0
//! needs (WX * TN + WY * TM) * (TK + 4) * 2 <= 16384
//! needs E == f16 || (WX * TN + WY * TM) * (TK + 4) * 4 <= 16384
//! needs B <= 65535 && N <= 65535 * WX * TN && M <= 65535 * WY * TM
//#option E f32|f16
//#option TB false|true
//#option SEQ false|true
//#if E == f16
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
//#param TM 4|1|2|8
const TM: u32 = 4u;
//#param TN 4|1|2|8
const TN: u32 = 4u;
//#param TK 16|8|32|64
const TK: u32 = 16u;
// Vec4s of a tile's columns in a turn of the inner loop.
//#param UNROLL 2|1|4|8
const UNROLL: u32 = 2u;
//#param B 1..
const B: u32 = 1u;
//#param BB 1..
const BB: u32 = 1u;
//#param N 1..
const N: u32 = 64u;
//#param K 1..
const K: u32 = 64u;
//#param SCALE -1e30..1e30
const SCALE: f32 = 1.0;
//#if SEQ
//#include "lib/step.wgsl"
//#else
//#param M 1..
const M: u32 = 64u;
//#end
//#include "lib/math.wgsl"

const WG: u32 = WX * WY;
const BM: u32 = WY * TM;
const BN: u32 = WX * TN;
const QUADS: u32 = TK / 4u;
const TILES: u32 = (K + TK - 1u) / TK;
const RAGGED: bool = K % TK != 0u;
// One vec4 more than a row needs: lanes that read rows side by side then meet different banks.
const STRIDE: u32 = QUADS + 1u;
const A_TURNS: u32 = (BM * QUADS + WG - 1u) / WG;
const B_TURNS: u32 = (BN * QUADS + WG - 1u) / WG;
// Matrices of a that share one of b.
const SHARE: u32 = B / BB;

@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// Four neighbours along K of a row of a, and of a column of b; 0 beyond K.
//#if K % 4 == 0
@group(0) @binding(0) var<storage, read_write> a: array<vec4<f32>>;

fn a_quad(row: u32, quad: u32) -> vec4<f32> {
  if (!RAGGED) {
    return a[row * (K / 4u) + quad];
  }
  return select(vec4<f32>(), a[row * (K / 4u) + min(quad, K / 4u - 1u)], quad < K / 4u);
}
//#else
//: @group(0) @binding(0) var<storage, read_write> a: array<f32>;
//:
//: fn a_quad(row: u32, quad: u32) -> vec4<f32> {
//:   let k = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
//:   let i = row * K + min(k, vec4<u32>(K - 1u));
//:   return select(vec4<f32>(), vec4<f32>(a[i.x], a[i.y], a[i.z], a[i.w]), k < vec4<u32>(K));
//: }
//#end
//#if TB && K % 4 == 0
//: @group(0) @binding(1) var<storage, read_write> b: array<vec4<f32>>;
//:
//: fn b_quad(matrix: u32, n: u32, quad: u32) -> vec4<f32> {
//:   let row = (matrix * N + n) * (K / 4u);
//:   if (!RAGGED) {
//:     return b[row + quad];
//:   }
//:   return select(vec4<f32>(), b[row + min(quad, K / 4u - 1u)], quad < K / 4u);
//: }
//#else
@group(0) @binding(1) var<storage, read_write> b: array<f32>;

fn b_quad(matrix: u32, n: u32, quad: u32) -> vec4<f32> {
  let k = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
//#if TB
//: let i = (matrix * N + n) * K + min(k, vec4<u32>(K - 1u));
//#else
  let i = (matrix * K + min(k, vec4<u32>(K - 1u))) * N + n;
//#end
  return select(vec4<f32>(), vec4<f32>(b[i.x], b[i.y], b[i.z], b[i.w]), k < vec4<u32>(K));
}
//#end

var<workgroup> a_tile: array<Quad, BM * STRIDE>;
var<workgroup> b_tile: array<Quad, BN * STRIDE>;

//#if BLOCK
//: @compute @workgroup_size(WX, WY)
//#else
@compute @workgroup_size(WG)
//#end
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % WX;
  let ty = lane / WX;
//#if SEQ
//: let rows = step.seq;
//#else
  let rows = M;
//#end
  var sums: array<array<f32, TN>, TM>;
  for (var tile = 0u; tile < TILES; tile++) {
    //#unroll
    for (var t = 0u; t < A_TURNS; t++) {
      let unit = t * WG + lane;
      if (BM * QUADS % WG == 0u || unit < BM * QUADS) {
        // Rows and columns beyond the last repeat it, and are not stored.
        let m = min(group.y * BM + unit / QUADS, rows - 1u);
        let quad = a_quad(group.z * rows + m, tile * QUADS + unit % QUADS);
        a_tile[unit / QUADS * STRIDE + unit % QUADS] = Quad(quad);
      }
    }
    //#unroll
    for (var t = 0u; t < B_TURNS; t++) {
      let unit = t * WG + lane;
      if (BN * QUADS % WG == 0u || unit < BN * QUADS) {
        // Neighbouring lanes read neighbours in memory.
//#if TB
//:     let column = unit / QUADS;
//:     let quad = unit % QUADS;
//#else
        let column = unit % BN;
        let quad = unit / BN;
//#end
        let n = min(group.x * BN + column, N - 1u);
        b_tile[column * STRIDE + quad] = Quad(b_quad(group.z / SHARE, n, tile * QUADS + quad));
      }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < QUADS / UNROLL; turn++) {
      //#unroll
      for (var u = 0u; u < UNROLL; u++) {
        let q = turn * UNROLL + u;
        var bs: array<Quad, TN>;
        //#unroll
        for (var j = 0u; j < TN; j++) {
          bs[j] = b_tile[(j * WX + tx) * STRIDE + q];
        }
        //#unroll
        for (var i = 0u; i < TM; i++) {
          let quad = a_tile[(i * WY + ty) * STRIDE + q];
          //#unroll
          for (var j = 0u; j < TN; j++) {
//#if E == f16
//:         sums[i][j] += f32(dot(quad, bs[j]));
//#else
            sums[i][j] = add_dot(sums[i][j], quad, bs[j]);
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
    for (var j = 0u; j < TN; j++) {
      let n = group.x * BN + j * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[i][j];
      }
    }
  }
}
