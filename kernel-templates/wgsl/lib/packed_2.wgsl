//! Words of 32 weights in 8 bytes. Byte b of a u32 holds weights b of four vec4s, the first in its low bits.
//#include "lib/bytes_quad.wgsl"
const WORD_QUADS: u32 = 8u;
alias Word = vec2<u32>;

fn word_packed(word: Word, q: u32) -> u32 {
  return (word[q / 4u] >> (q % 4u * 2u)) & 0x03030303u;
}
