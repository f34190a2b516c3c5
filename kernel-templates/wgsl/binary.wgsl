//! y = a + b, a * b or silu(a) * b. BCAST: b is one row. A workgroup makes 4 WG elements of one row.
//! op binary(a: f32[M,D], b: f32[B,D]) -> y: f32[M,D]
//! grid ceil(D / (4 * WG)), M
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#option OP add|mul|silu_mul
//#param BCAST false|true
const BCAST: bool = false;
//#include "lib/math.wgsl"

@group(0) @binding(0) var<storage, read_write> a: array<f32>;
@group(0) @binding(1) var<storage, read_write> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let b_row = select(group.y, 0u, BCAST);
  // Neighbouring lanes take neighbouring elements.
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    let i = (group.x * 4u + j) * WG + lane;
    if (i < D) {
      let left = a[group.y * D + i];
      let right = b[b_row * D + i];
//#if OP == add
      y[group.y * D + i] = left + right;
//#elif OP == mul
//:   y[group.y * D + i] = left * right;
//#else
//:   y[group.y * D + i] = silu(left) * right;
//#end
    }
  }
}
