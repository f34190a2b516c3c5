//! Index of the largest or smallest along the middle axis. One lane a column; short rows too.
//! op argreduce(x: f32[A,D,S]) -> y: u32[A,S]
//! grid min(ceil(A * S / WG), FOLD), ceil(ceil(A * S / WG) / FOLD)
//! needs S > 1 || D <= 64
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#param S 1..
const S: u32 = 64u;
//#include "lib/fold.wgsl"
//#include "lib/arg_ops.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group) * WG + lane;
  if (column >= arrayLength(&y)) {
    return;
  }
  let start = column / S * (D * S) + column % S;
  var at = 0u;
  var best = key(x[start]);
  for (var d = 1u; d < D; d++) {
    let value = key(x[start + d * S]);
    if (better(value, best)) {
      best = value;
      at = d;
    }
  }
  y[column] = at;
}
