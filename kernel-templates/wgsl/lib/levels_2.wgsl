//! lib/packed_2.wgsl, loaded a word at a time: as many words as of 4 bits, so that lanes walk along a row alike.
//#include "lib/packed_2.wgsl"

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}
