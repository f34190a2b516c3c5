//! Scales of a symmetric format: halves, two to a u32, [rows, groups].
//#include "lib/groups.wgsl"
const HAS_MIN: bool = false;

@group(0) @binding(2) var<storage, read> w_scale: array<u32>;

fn word_scale(row: u32, i: u32) -> f32 {
  let at = group_of(row, i);
  let pair = unpack2x16float(w_scale[at / 2u]);
  return select(pair.x, pair.y, at % 2u == 1u);
}

fn word_min(row: u32, i: u32) -> f32 {
  return 0.0;
}

// What is loaded of them, and what that means: scale and minimum. Kernels that load ahead make numbers of it later.
fn scale_word(row: u32, i: u32) -> u32 {
  return w_scale[group_of(row, i) / 2u];
}

fn scale_and_min(word: u32, row: u32, i: u32) -> vec2<f32> {
  let pair = unpack2x16float(word);
  return vec2<f32>(select(pair.x, pair.y, group_of(row, i) % 2u == 1u), 0.0);
}
