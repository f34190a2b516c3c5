//! Signed bytes, 16 a word, lowest first; G of them along a row share a scale.
//#include "lib/scales.wgsl"
const WORD_QUADS: u32 = 4u;
alias Word = vec4<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  // Each byte goes to the top, and comes back with its sign.
  return vec4<f32>(vec4<i32>(vec4<u32>(word[q]) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}
