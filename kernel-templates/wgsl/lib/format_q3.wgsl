//! 3 bits that hold q + 4; G weights along a row share a scale.
//#include "lib/scales.wgsl"
//#include "lib/levels_3.wgsl"

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return word_levels(word, q) - 4.0;
}
