//! Weights as they are: 4 floats a word.
//!
//! What every weight format declares, for a matrix of COLUMNS columns (a constant of the kernel):
//! `w`, read in words of 16 bytes; WORD_QUADS, how many vec4s of weights a word holds; ROW_WORDS, words a row;
//! `word_quad(word, i)`, those vec4s without scale; `word_scale(row, i)`, the scale of the i-th word of a row.
const WORD_QUADS: u32 = 1u;
const ROW_WORDS: u32 = (COLUMNS + 3u) / 4u;

@group(0) @binding(1) var<storage, read> w: array<vec4<u32>>;

fn word_quad(word: vec4<u32>, i: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(word);
}

fn word_scale(row: u32, i: u32) -> f32 {
  return 1.0;
}
