//! Rows that a product takes as they are; lib/norm.wgsl has the same functions.
fn x_part(row: u32, quad: u32) -> vec4<f32> {
  return x_quad(row, quad);
}

fn sum_scale(lane: u32, size: u32) -> f32 {
  return 1.0;
}
