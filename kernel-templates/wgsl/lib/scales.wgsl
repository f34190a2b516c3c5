//! Scales of a grouped format: halves, two to a u32, [rows, columns / G]. A row is padded to whole groups.
//#param G 32|64|128
const G: u32 = 32u;
const ROW_GROUPS: u32 = (COLUMNS + G - 1u) / G;
const ROW_WORDS: u32 = ROW_GROUPS * G / (4u * WORD_QUADS);

@group(0) @binding(2) var<storage, read> w_scale: array<u32>;

fn word_scale(row: u32, i: u32) -> f32 {
  let at = row * ROW_GROUPS + i * (4u * WORD_QUADS) / G;
  let pair = unpack2x16float(w_scale[at / 2u]);
  return select(pair.x, pair.y, at % 2u == 1u);
}
