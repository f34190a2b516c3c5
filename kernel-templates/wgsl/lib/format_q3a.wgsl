//! 3 bits that count up from a minimum; G weights along a row share it, and a scale.
//#include "lib/scales_min.wgsl"
//#include "lib/levels_3.wgsl"
const PACKED_ABOVE: u32 = 0u;

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return bytes_quad(word_packed(word, q));
}
