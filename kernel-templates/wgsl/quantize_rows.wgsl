//! Rows of an activation as signed bytes with a scale and a sum for each 32 columns (compiler/ops/quantize_rows.ts
//! has the layout): what products with q8 and q4 weights read. Eight lanes a block, four columns a lane.
//! op quantize_rows(x: f32[M,K]) -> y: i8x4[M,K]
//! grid ceil(ceil(K / 128) * 32 / WG), M
//! needs M <= 65535
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#include "lib/x_quads.wgsl"
const LANES: u32 = 8u;
alias Reduced = f32;
//#include "lib/reduce.wgsl"

const RAGGED: bool = K % 128u != 0u;
const BLOCKS: u32 = (K + 127u) / 128u * 4u;
const ROW_QUADS: u32 = BLOCKS * 8u;
const Y_ROW: u32 = BLOCKS * 10u;

@group(0) @binding(1) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let quad = group.x * WG + lane;
  let values = x_quad(group.y, quad);
  let sizes = abs(values);
  let largest = reduce_max(max(max(sizes.x, sizes.y), max(sizes.z, sizes.w)), lane, subgroup_size);
  // Its reciprocal must be finite; what is smaller than that is as good as 0.
  let some = largest > 1e-30;
  let bytes = vec4<i32>(round(values * select(0.0, 127.0 / max(largest, 1e-30), some)));
  // As floats, sums of 32 bytes are exact.
  let sum = reduce_add(f32(bytes.x + bytes.y + bytes.z + bytes.w), lane, subgroup_size);
  if (quad >= ROW_QUADS) {
    return;
  }
  let parts = (vec4<u32>(bytes) & vec4<u32>(255u)) << vec4<u32>(0u, 8u, 16u, 24u);
  y[group.y * Y_ROW + quad] = parts.x | parts.y | parts.z | parts.w;
  if (lane % LANES == 0u) {
    let block = group.y * Y_ROW + ROW_QUADS + quad / LANES;
    y[block] = bitcast<u32>(select(0.0, largest / 127.0, some));
    y[block + BLOCKS] = bitcast<u32>(i32(sum));
  }
}
