//! 3 bits that hold q + 4; G weights along a row share a scale.
//#include "lib/scales.wgsl"
//#include "lib/levels_3.wgsl"
const PACKED_ABOVE: u32 = 4u;

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return bytes_quad(word_packed(word, q)) - f32(PACKED_ABOVE);
}
