//! Running sums along the middle axis. One lane a column.
//! op cumsum(x: f32[A,D,S]) -> y: f32[A,D,S]
//! grid min(ceil(A * S / WG), FOLD), ceil(ceil(A * S / WG) / FOLD)
//! needs D <= 256
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#param S 1..
const S: u32 = 64u;
//#include "lib/fold.wgsl"
//#include "lib/running.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group) * WG + lane;
  if (column >= arrayLength(&y) / D) {
    return;
  }
  let start = column / S * (D * S) + column % S;
  var sum = 0.0;
  for (var turn = 0u; turn < D; turn++) {
    let i = start + place(turn) * S;
    let after = sum + x[i];
    y[i] = put(sum, after);
    sum = after;
  }
}
