//! softmax(SCALE x) or its logarithm (LOG) along the middle axis. One lane a column, so neighbours read
//! neighbours; short rows too. -inf counts as the lowest number, so a column of nothing else gives 1 / D.
//! op softmax(x: f32[A,D,S]) -> y: f32[A,D,S]
//! grid min(ceil(A * S / WG), FOLD), ceil(ceil(A * S / WG) / FOLD)
//! needs S > 1 || D <= 32
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#param S 1..
const S: u32 = 64u;
//#param SCALE 0.0..
const SCALE: f32 = 1.0;
//#option LOG false|true
//#include "lib/fold.wgsl"
const LOWEST: f32 = -0x1.fffffep127;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn value_at(i: u32) -> f32 {
  return max(x[i], LOWEST);
}

// At most 0. Its exp is 0 long before the bound, which keeps differences of infinite size out.
fn exponent(i: u32, most: f32) -> f32 {
  return max((value_at(i) - most) * SCALE, -200.0);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group) * WG + lane;
  if (column >= arrayLength(&y) / D) {
    return;
  }
  let start = column / S * (D * S) + column % S;
  var most = LOWEST;
  for (var d = 0u; d < D; d++) {
    most = max(most, value_at(start + d * S));
  }
  var sum = 0.0;
  for (var d = 0u; d < D; d++) {
    sum += exp(exponent(start + d * S, most));
  }
//#if LOG
//: let log_sum = log(sum);
//#end
  for (var d = 0u; d < D; d++) {
    let i = start + d * S;
//#if LOG
//:   y[i] = (value_at(i) - most) * SCALE - log_sum;
//#else
    y[i] = exp(exponent(i, most)) / sum;
//#end
  }
}
