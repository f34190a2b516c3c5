//! Halves, 8 a word, low half first. unpack2x16float needs no feature, so this is for every device.
const WORD_QUADS: u32 = 2u;
const ROW_WORDS: u32 = (COLUMNS + 7u) / 8u;
alias Word = vec4<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  let halves = select(word.xy, word.zw, q == 1u);
  return vec4<f32>(unpack2x16float(halves.x), unpack2x16float(halves.y));
}
//#include "lib/scales_none.wgsl"
