//! Ids of whole numbers in f32: WRAP is added to negative ones. A workgroup makes WG elements.
//! op to_ids(x: f32[N]) -> y: u32[N]
//! grid min(ceil(N / WG), FOLD), ceil(ceil(N / WG) / FOLD)
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param WRAP 0..
const WRAP: u32 = 0u;
//#include "lib/fold.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = flat_group(group) * WG + lane;
  if (i < arrayLength(&y)) {
    let v = x[i];
    y[i] = u32(max(select(v, v + f32(WRAP), v < 0.0), 0.0));
  }
}
