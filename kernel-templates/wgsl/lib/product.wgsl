//! The product of all lanes of a workgroup of WG, through workgroup memory; every lane gets it. It holds barriers.
var<workgroup> product_cells: array<f32, WG>;

fn reduce_mul(value: f32, lane: u32) -> f32 {
  product_cells[lane] = value;
  workgroupBarrier();
  //#unroll
  for (var count = WG / 2u; count > 0u; count /= 2u) {
    if (lane < count) {
      product_cells[lane] *= product_cells[lane + count];
    }
    workgroupBarrier();
  }
  return product_cells[0];
}
