//! Words of 32 nibbles. A u32 holds 8 weights: its low nibbles are the first four, so that one shift by byte gives
//! a vec4 of neighbours.
//#include "lib/bytes_quad.wgsl"
const WORD_QUADS: u32 = 8u;
alias Word = vec4<u32>;

fn word_packed(word: Word, q: u32) -> u32 {
  // Masked before they are parted.
  return (word[q / 2u] >> (q % 2u * 4u)) & 0x0f0f0f0fu;
}
