//! Ids as f32. A workgroup makes WG elements.
//! op from_ids(x: u32[N]) -> y: f32[N]
//! grid min(ceil(N / WG), FOLD), ceil(ceil(N / WG) / FOLD)
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#include "lib/fold.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = flat_group(group) * WG + lane;
  if (i < arrayLength(&y)) {
    y[i] = f32(x[i]);
  }
}
