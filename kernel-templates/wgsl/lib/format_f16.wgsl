//! Halves, 8 a word, low half first. unpack2x16float needs no feature, so this is for every device.
const WORD_QUADS: u32 = 2u;
const ROW_WORDS: u32 = (COLUMNS + 7u) / 8u;

@group(0) @binding(1) var<storage, read> w: array<vec4<u32>>;

fn word_quad(word: vec4<u32>, i: u32) -> vec4<f32> {
  let halves = select(word.xy, word.zw, i == 1u);
  return vec4<f32>(unpack2x16float(halves.x), unpack2x16float(halves.y));
}

fn word_scale(row: u32, i: u32) -> f32 {
  return 1.0;
}
