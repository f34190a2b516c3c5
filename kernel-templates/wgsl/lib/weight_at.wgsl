//! One weight of a matrix, decoded: for kernels whose lanes need single ones.
fn weight_at(row: u32, column: u32) -> f32 {
  let i = column / (4u * WORD_QUADS);
  let quad = word_quad(word_at(row, i), column / 4u % WORD_QUADS);
  return quad[column % 4u] * word_scale(row, i) + word_min(row, i);
}
