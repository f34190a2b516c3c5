//! 2 bits that count up from a minimum; G weights along a row share it, and a scale.
//#include "lib/scales_min.wgsl"
//#include "lib/levels_2.wgsl"

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return word_levels(word, q);
}
