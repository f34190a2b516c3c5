//! Words of q4 weights as bytes: a nibble each.
const WORD_BYTES: u32 = 2u;
const BYTES_ABOVE: i32 = 8;

fn word_bytes(word: vec4<u32>, i: u32) -> vec4<u32> {
  let pair = select(word.xy, word.zw, i == 1u);
  return vec4<u32>(pair.x, pair.x >> 4u, pair.y, pair.y >> 4u) & vec4<u32>(0x0f0f0f0fu);
}

// 8 less in each byte: the top bits keep bytes from borrowing of each other.
fn word_signed(word: vec4<u32>, i: u32) -> vec4<u32> {
  let top = vec4<u32>(0x80808080u);
  return ((word_bytes(word, i) | top) - vec4<u32>(0x08080808u)) ^ top;
}
