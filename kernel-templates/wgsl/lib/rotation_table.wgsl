//! Rotary angles: a table of cos and sin at coarse steps of 64 positions, then at 64 fine ones. The kernel declares
//! HALF, the pairs of a row.
//#param C 1..
const C: u32 = 2048u;
const COARSE_ROWS: u32 = (C + 63u) / 64u;

@group(0) @binding(1) var<storage, read> table: array<vec2<f32>>;

// cos and sin of pair i: the complex product of a coarse and a fine entry.
fn rotation(position: u32, i: u32) -> vec2<f32> {
  let a = table[position / 64u * HALF + i];
  let b = table[(COARSE_ROWS + position % 64u) * HALF + i];
  return vec2<f32>(a.x * b.x - a.y * b.y, a.y * b.x + a.x * b.y);
}
