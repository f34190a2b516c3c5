//! Scales and minima of an asymmetric format: two halves in a u32, the scale in the low one, [rows, groups].
//#include "lib/groups.wgsl"
const HAS_MIN: bool = true;

@group(0) @binding(2) var<storage, read> w_scale: array<u32>;

fn word_scale(row: u32, i: u32) -> f32 {
  return unpack2x16float(w_scale[group_of(row, i)]).x;
}

fn word_min(row: u32, i: u32) -> f32 {
  return unpack2x16float(w_scale[group_of(row, i)]).y;
}

// What is loaded of them, and what that means: scale and minimum. Kernels that load ahead make numbers of it later.
fn scale_word(row: u32, i: u32) -> u32 {
  return w_scale[group_of(row, i)];
}

fn scale_and_min(word: u32, row: u32, i: u32) -> vec2<f32> {
  return unpack2x16float(word);
}
