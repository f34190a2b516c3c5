//! Words of 32 weights in 8 bytes: as many as of 4 bits, so that lanes walk along a row alike. Byte b of a u32
//! holds weights b of four vec4s, the first in its low bits.
//#include "lib/bytes_quad.wgsl"
const WORD_QUADS: u32 = 8u;
alias Word = vec2<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_packed(word: Word, q: u32) -> u32 {
  return (word[q / 4u] >> (q % 4u * 2u)) & 0x03030303u;
}
