//! Weights that are stored as they are.
const HAS_MIN: bool = false;

fn word_scale(row: u32, i: u32) -> f32 {
  return 1.0;
}

fn word_min(row: u32, i: u32) -> f32 {
  return 0.0;
}

fn scale_word(row: u32, i: u32) -> u32 {
  return 0u;
}

fn scale_and_min(word: u32, row: u32, i: u32) -> vec2<f32> {
  return vec2<f32>(1.0, 0.0);
}
