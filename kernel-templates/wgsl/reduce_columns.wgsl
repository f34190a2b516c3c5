//! The middle axis made one number by OP. One lane a column, so neighbours read neighbours; short rows too.
//! op reduce(x: f32[A,D,S]) -> y: f32[A,S]
//! grid min(ceil(A * S / WG), FOLD), ceil(ceil(A * S / WG) / FOLD)
//! needs S > 1 || D <= 64
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#param S 1..
const S: u32 = 64u;
//#include "lib/fold.wgsl"
//#include "lib/items_1.wgsl"
//#include "lib/reduce_ops.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group) * WG + lane;
  if (column >= arrayLength(&y)) {
    return;
  }
  let start = column / S * (D * S) + column % S;
//#if OP == logsumexp
//: var most = LOWEST;
//: for (var d = 0u; d < D; d++) {
//:   most = max(most, x[start + d * S]);
//: }
//#else
  let most = 0.0;
//#end
  var all = NEUTRAL;
  for (var d = 0u; d < D; d++) {
    all = join(all, term(x[start + d * S], most));
  }
  y[column] = result(all, most);
}
