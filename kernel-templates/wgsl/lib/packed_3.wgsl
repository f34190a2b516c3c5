//! Words of 32 weights in 12 bytes. Byte b of a u32 holds weights b of several vec4s: of two in its low six bits; its
//! high two bits are parts of vec4s 6 and 7, whose third bits lie in the last u32.
//#include "lib/bytes_quad.wgsl"
const WORD_QUADS: u32 = 8u;
alias Word = vec3<u32>;

fn word_packed(word: Word, q: u32) -> u32 {
  if (q < 6u) {
    return (word[q / 2u] >> (q % 2u * 3u)) & 0x07070707u;
  }
  return ((word[q - 6u] >> 6u) & 0x03030303u) | ((word.z >> (q - 2u)) & 0x04040404u);
}
