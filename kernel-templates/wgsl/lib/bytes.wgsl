//! Words of weights as signed bytes: WORD_BYTES, 16-byte parts that a word becomes; `word_bytes(word, i)`, the i-th of
//! them, each byte BYTES_ABOVE more than what is stored means (before scale and minimum); `word_signed(word, i)`, the
//! same without what fits a byte: SIGNED_ABOVE more.
//#option W q8|q8a|q4|q4a|q3|q3a|q2|q2a
const WORD_BYTES: u32 = WORD_QUADS / 4u;
//#if W == q8
const BYTES_ABOVE: i32 = 0;
const SIGNED_ABOVE: i32 = 0;

fn word_bytes(word: Word, i: u32) -> vec4<u32> {
  return word;
}

fn word_signed(word: Word, i: u32) -> vec4<u32> {
  return word;
}
//#elif W == q8a
//: // Stored from 0 to 255.
//: const BYTES_ABOVE: i32 = -128;
//: const SIGNED_ABOVE: i32 = -128;
//:
//: fn word_bytes(word: Word, i: u32) -> vec4<u32> {
//:   return word ^ vec4<u32>(0x80808080u);
//: }
//:
//: fn word_signed(word: Word, i: u32) -> vec4<u32> {
//:   return word_bytes(word, i);
//: }
//#else
//: const BYTES_ABOVE: i32 = i32(PACKED_ABOVE);
//: const SIGNED_ABOVE: i32 = 0;
//:
//: fn word_bytes(word: Word, i: u32) -> vec4<u32> {
//:   let q = i * 4u;
//:   return vec4<u32>(
//:     word_packed(word, q),
//:     word_packed(word, q + 1u),
//:     word_packed(word, q + 2u),
//:     word_packed(word, q + 3u),
//:   );
//: }
//:
//: // Less in each byte: the top bits keep bytes from borrowing of each other.
//: fn word_signed(word: Word, i: u32) -> vec4<u32> {
//:   let top = vec4<u32>(0x80808080u);
//:   return ((word_bytes(word, i) | top) - vec4<u32>(PACKED_ABOVE * 0x01010101u)) ^ top;
//: }
//#end
