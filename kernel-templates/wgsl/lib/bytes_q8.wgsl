//! Words of q8 weights as bytes.
//!
//! What every format that is multiplied as bytes declares: WORD_BYTES, 16-byte parts that a word becomes;
//! `word_bytes(word, i)`, the i-th of them, each byte BYTES_ABOVE more than its weight; `word_signed(word, i)`,
//! the weights themselves.
const WORD_BYTES: u32 = 1u;
const BYTES_ABOVE: i32 = 0;

fn word_bytes(word: vec4<u32>, i: u32) -> vec4<u32> {
  return word;
}

fn word_signed(word: vec4<u32>, i: u32) -> vec4<u32> {
  return word;
}
