//! Weights as they are: 4 floats a word.
//!
//! What every weight format declares, for a matrix of COLUMNS columns (a constant of the kernel). A word is what
//! a lane loads at once:
//! `Word`, its type; `w`, the buffer; `word_at(row, i)`, the i-th word of a row; ROW_WORDS, words a row;
//! WORD_QUADS, vec4s of weights a word; `word_quad(word, q)`, the q-th of them as stored;
//! `word_scale(row, i)`, `word_min(row, i)`: a weight is what is stored, times the scale of its word, plus its
//! word's minimum. The minimum is 0 unless HAS_MIN. A product with x can sum stored * x and x by themselves:
//! sum(weight * x) = scale * sum(stored * x) + minimum * sum(x), and the last sum serves every row.
const WORD_QUADS: u32 = 1u;
const ROW_WORDS: u32 = (COLUMNS + 3u) / 4u;
alias Word = vec4<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(word);
}
//#include "lib/scales_none.wgsl"
