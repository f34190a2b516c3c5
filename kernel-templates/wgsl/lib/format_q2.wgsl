//! 2 bits that hold q + 2; G weights along a row share a scale.
//#include "lib/scales.wgsl"
//#include "lib/levels_2.wgsl"
const PACKED_ABOVE: u32 = 2u;

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return bytes_quad(word_packed(word, q)) - f32(PACKED_ABOVE);
}
