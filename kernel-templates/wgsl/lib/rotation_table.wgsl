//! Rotary angles: a table of cos and sin at 64 fine steps of a position, then at coarse ones of 64. The kernel declares
//! HALF, the pairs of a row.

@group(0) @binding(1) var<storage, read> table: array<vec2<f32>>;
//#include "lib/angles.wgsl"
