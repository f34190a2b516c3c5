//! y = rmsnorm(x) wᵀ for one row of x: linear_gemv_i8, whose workgroups quantise x by themselves. A block's scale and the
//! norm's are factors of the sums, so bytes are made of x times its gains, and the norm is found beside the products.
//! op norm_linear(x: f32[M,K], g?: f32[K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(N / (WG / LANES * ROWS)), M
//! needs M <= 16
//! needs LANES <= WG
//! needs UNIT == 1 || K % 128 == 0 && (UNIT == 4 || W != q3 && W != q3a)
//! needs EPI != glu || ROWS % 2 == 0
//! needs ceil(K / 128) * 160 + 24 * WG <= 16384
//! needs N <= 65535 * (WG / LANES * ROWS)
// The language feature packed_4x8_integer_dot_product.
//#option DOT4 true
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 128|32|64|256
const WG: u32 = 128u;
//#param LANES 32|8|16|64|128|256
const LANES: u32 = 32u;
//#param ROWS 4|1|2|8
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
//#include "lib/epilogue.wgsl"
//#include "lib/finish_rows.wgsl"
//#include "lib/gemv_i8.wgsl"
