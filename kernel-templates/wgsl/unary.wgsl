//! y = silu(x). A workgroup makes 4 WG elements of one row.
//! op unary(x: f32[M,D]) -> y: f32[M,D]
//! grid ceil(D / (4 * WG)), M
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#option OP silu
//#include "lib/math.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    let i = (group.x * 4u + j) * WG + lane;
    if (i < D) {
      y[group.y * D + i] = silu(x[group.y * D + i]);
    }
  }
}
