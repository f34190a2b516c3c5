//! y = x wᵀ for few rows of x: reads every weight once, in words that neighbouring lanes load side by side.
//! LANES lanes share a row of w; each makes ROWS rows for COLS rows of x, so a word that is decoded
//! serves COLS rows and a part of x that is fetched serves ROWS. X: where x is read from, memory by each lane
//! or a tile that the workgroup fetches together.
//! op linear(x: f32[M,K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(N / (WG / LANES * ROWS)), ceil(M / COLS)
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
//#param COLS 1|2|3|4
const COLS: u32 = 1u;
//#option X tile|memory
//#param N 1..
const N: u32 = 64u;
//#include "lib/x_quads.wgsl"
//#include "lib/no_norm.wgsl"
const COLUMNS: u32 = K;
//#option W f32|f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/format_$W.wgsl"
//#include "lib/epilogue.wgsl"
//#if COLS > 1
//#include "lib/rows.wgsl"
//#end

//#include "lib/gemv.wgsl"
