//! norm_linear_gemv_i8 of a gate and what it lets through, whose workgroups make whole blocks of y: as bytes, for the next
//! product.
//! op norm_linear(x: f32[M,K], g?: f32[K], w: W[N,K], b?: f32[N]) -> y: i8x4[M,LDY]
//! grid ceil(N / (WG / LANES * ROWS)), 1
//! needs M == 1
//! needs LANES <= WG
//! needs UNIT == 1 || K % 128 == 0 && (UNIT == 4 || W != q3 && W != q3a)
//! needs LDY % 128 == 0 && N == 2 * LDY
//! needs WG / LANES * ROWS % 64 == 0
//! needs ceil(K / 128) * 160 + 24 * WG + 2 * (WG / LANES * ROWS) <= 16384
//! needs N <= 65535 * (WG / LANES * ROWS)
// The language feature packed_4x8_integer_dot_product.
//#option DOT4 true
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 256|64|128
const WG: u32 = 256u;
//#param LANES 16|8|32
const LANES: u32 = 16u;
//#param ROWS 4|2|8
const ROWS: u32 = 4u;
//#param COLS 1
const COLS: u32 = 1u;
// Words of a row that a lane takes side by side.
//#param UNIT 1|2|4
const UNIT: u32 = 1u;
//#param N 1..
const N: u32 = 64u;
//#include "lib/x_quads.wgsl"
//#include "lib/norm_part.wgsl"
//#include "lib/x_quantized.wgsl"
const COLUMNS: u32 = K;
//#option W q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#if UNIT > 1
//#include "lib/units.wgsl"
//#else
//#include "lib/unit_words.wgsl"
//#end
//#include "lib/bytes.wgsl"
//#option EPI glu
//#option BIAS false|true
//#param LDY 1..
const LDY: u32 = 64u;
//#include "lib/math.wgsl"
//#include "lib/act.wgsl"
@group(0) @binding(4) var<storage, read_write> y: array<u32>;
//#if BIAS
//: @group(0) @binding(5) var<storage, read> b: array<f32>;
//:
//: fn biased(n: u32, sum: f32) -> f32 {
//:   return sum + b[n];
//: }
//#else
fn biased(n: u32, sum: f32) -> f32 {
  return sum;
}
//#end
const Y_COLUMNS: u32 = LDY;
// Quads of y that a workgroup makes.
const MADE: u32 = WG / LANES * ROWS / 8u;
//#include "lib/y_bytes.wgsl"

// A gate and what it lets through.
const STEP: u32 = 2u;

fn finish_rows(m: u32, n: u32, gate: f32, up: f32) {
  let at = n / 2u % (4u * MADE);
  made[at / 4u][at % 4u] = act(biased(n, gate)) * biased(n + 1u, up);
}

fn finished(group: u32, lane: u32) {
  workgroupBarrier();
  let first = group * MADE;
  if (lane < MADE && first + lane < Y_QUADS) {
    store_bytes(first, lane);
  }
}
//#include "lib/gemv_i8.wgsl"
