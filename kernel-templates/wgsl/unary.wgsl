//! y = OP(x), element by element. WG * WY lanes make 4 elements each.
//! op unary(x: f32[M,D]) -> y: f32[M,D]
//! grid min(ceil(M * D / (4 * WG * WY)), FOLD), ceil(ceil(M * D / (4 * WG * WY)) / FOLD)
//! needs WG * WY <= 256
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param WY 1|2
const WY: u32 = 1u;
//#include "lib/fold.wgsl"
//#include "lib/unary_ops.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG, WY)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Neighbouring lanes take neighbouring elements.
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    let i = (flat_group(group) * 4u + j) * (WG * WY) + lane;
    if (i < arrayLength(&y)) {
      y[i] = apply(x[i]);
    }
  }
}
