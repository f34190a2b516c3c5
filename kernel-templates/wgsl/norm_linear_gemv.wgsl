//! y = rmsnorm(x) wᵀ for one row of x: linear_gemv, with the norm where x is read. The norm's scale is a factor of every
//! sum, so it is found while the products are made, from what each lane sees of x.
//! op norm_linear(x: f32[M,K], g?: f32[K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(N / (WG / LANES * ROWS)), M
//! needs M <= 16
//! needs LANES <= WG
//! needs EPI != glu || ROWS % 2 == 0
//! needs N <= 65535 * (WG / LANES * ROWS)
//! needs X == memory || LANES * COLS <= 64 || (W == q8 || W == q8a) && LANES * COLS <= 128 || W == f16 && LANES * COLS <= 256 || W == f32 && LANES * COLS <= 512
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 128|32|64|256
const WG: u32 = 128u;
//#param LANES 64|8|16|32|128|256
const LANES: u32 = 64u;
//#param ROWS 4|1|2|8
const ROWS: u32 = 4u;
//#param COLS 1
const COLS: u32 = 1u;
//#option X tile|memory
//#param N 1..
const N: u32 = 64u;
//#include "lib/x_quads.wgsl"
//#include "lib/norm.wgsl"
const COLUMNS: u32 = K;
//#option W f32|f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/format_$W.wgsl"
//#include "lib/epilogue.wgsl"
//#include "lib/gemv.wgsl"
