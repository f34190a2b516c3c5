//! Angles of a rotary table (lib/rotation_table.wgsl). The kernel declares table, and HALF, the pairs of a row.

// cos and sin of pair i: the complex product of a coarse and a fine entry.
fn rotation(position: u32, i: u32) -> vec2<f32> {
  let a = table[(64u + position / 64u) * HALF + i];
  let b = table[position % 64u * HALF + i];
  return vec2<f32>(a.x * b.x - a.y * b.y, a.y * b.x + a.x * b.y);
}
