//! lib/packed_4.wgsl, loaded a word at a time.
//#include "lib/packed_4.wgsl"

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}
