//! Adds to row m of x the row past + m + OFFSET of a table of positions. A workgroup makes 4 WG elements.
//! op add_positions(x: f32[M,D], table: f32[T]) -> y: f32[M,D]
//! grid min(ceil(M * D / (4 * WG)), FOLD), ceil(ceil(M * D / (4 * WG)) / FOLD)
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#param OFFSET 0..
const OFFSET: u32 = 0u;
//#include "lib/fold.wgsl"
//#include "lib/step.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let start = (step.past + OFFSET) * D;
  // Neighbouring lanes take neighbouring elements.
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    let i = (flat_group(group) * 4u + j) * WG + lane;
    if (i < arrayLength(&y)) {
      y[i] = x[i] + table[start + i];
    }
  }
}
