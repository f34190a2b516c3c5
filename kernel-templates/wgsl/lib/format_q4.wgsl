//! Nibbles holding q + 8, 32 a word; G of them along a row share a scale. A u32 holds 8 weights: its low
//! nibbles are the first four, so that one shift by byte gives a vec4 of neighbours.
//#include "lib/scales.wgsl"
const WORD_QUADS: u32 = 8u;

@group(0) @binding(1) var<storage, read> w: array<vec4<u32>>;

fn word_quad(word: vec4<u32>, i: u32) -> vec4<f32> {
  // Masked before they are parted: a byte to a float is one instruction on most devices.
  let bytes = (word[i / 2u] >> (i % 2u * 4u)) & 0x0f0f0f0fu;
  return vec4<f32>((vec4<u32>(bytes) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u)) - 8.0;
}
