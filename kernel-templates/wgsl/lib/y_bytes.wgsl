//! A row that a workgroup makes in whole blocks of 32 columns, stored as quantize_rows would (compiler/ops/quantize_rows.ts
//! has the layout). The kernel declares Y_COLUMNS, whole groups of 128; MADE, the quads that a workgroup makes; and y.
const Y_QUADS: u32 = Y_COLUMNS / 4u;
const Y_BLOCKS: u32 = Y_COLUMNS / 32u;
var<workgroup> made: array<vec4<f32>, MADE>;

// Stores quad i of `made`, which begins with quad `first` of the row; both are seen by the workgroup.
fn store_bytes(first: u32, i: u32) {
  let block = i / 8u * 8u;
  var sizes = vec4<f32>();
  //#unroll
  for (var q = 0u; q < 8u; q++) {
    sizes = max(sizes, abs(made[block + q]));
  }
  let largest = max(max(sizes.x, sizes.y), max(sizes.z, sizes.w));
  // Its reciprocal must be finite; what is smaller than that is as good as 0.
  let some = largest > 1e-30;
  let inverse = select(0.0, 127.0 / max(largest, 1e-30), some);
  let bytes = vec4<i32>(round(made[i] * inverse));
  let parts = (vec4<u32>(bytes) & vec4<u32>(255u)) << vec4<u32>(0u, 8u, 16u, 24u);
  y[first + i] = parts.x | parts.y | parts.z | parts.w;
  if (i % 8u == 0u) {
    var sum = vec4<i32>();
    //#unroll
    for (var q = 0u; q < 8u; q++) {
      sum += vec4<i32>(round(made[block + q] * inverse));
    }
    let at = Y_QUADS + (first + i) / 8u;
    y[at] = bitcast<u32>(select(0.0, largest / 127.0, some));
    y[at + Y_BLOCKS] = bitcast<u32>(sum.x + sum.y + sum.z + sum.w);
  }
}
