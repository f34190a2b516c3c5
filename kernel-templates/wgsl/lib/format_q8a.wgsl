//! Bytes, 16 a word, lowest first; G of them along a row share a scale and a minimum.
//#include "lib/scales_min.wgsl"
//#include "lib/bytes_quad.wgsl"
const WORD_QUADS: u32 = 4u;
alias Word = vec4<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return bytes_quad(word[q]);
}
