//! Rotary angles of whole heads: HD / 2 pairs each.
//#param HD 2..
const HD: u32 = 64u;
const HALF: u32 = HD / 2u;
//#include "lib/rotation_table.wgsl"
