//! Weights as halves: word_halves(word, q, scale, minimum), the q-th four of a word, decoded. Bytes become halves two
//! at a time: 0x6400 beside a byte is the half 1024 + byte, exactly. scale_halves: scale and minimum of a word, of what
//! scale_word loads.
//#option W f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#if W == f16
fn word_halves(word: Word, q: u32, scale: f16, minimum: f16) -> vec4<f16> {
  return bitcast<vec4<f16>>(select(word.xy, word.zw, q == 1u));
}

fn scale_halves(word: u32, row: u32, i: u32) -> vec2<f16> {
  return vec2<f16>(1.0, 0.0);
}
//#else
//#if W == q8
//: // Signed bytes, counted up from the least.
//: const PACKED_ABOVE: u32 = 128u;
//:
//: fn word_packed(word: Word, q: u32) -> u32 {
//:   return word[q] ^ 0x80808080u;
//: }
//#elif W == q8a
//: const PACKED_ABOVE: u32 = 0u;
//:
//: fn word_packed(word: Word, q: u32) -> u32 {
//:   return word[q];
//: }
//#end
//: fn word_halves(word: Word, q: u32, scale: f16, minimum: f16) -> vec4<f16> {
//:   let bytes = word_packed(word, q);
//:   let even = bitcast<vec2<f16>>((bytes & 0x00ff00ffu) | 0x64006400u);
//:   let odd = bitcast<vec2<f16>>(((bytes >> 8u) & 0x00ff00ffu) | 0x64006400u);
//:   let levels = vec4<f16>(even.x, odd.x, even.y, odd.y) - f16(1024u + PACKED_ABOVE);
//:   if (HAS_MIN) {
//:     return fma(levels, vec4<f16>(scale), vec4<f16>(minimum));
//:   }
//:   return levels * scale;
//: }
//:
//: fn scale_halves(word: u32, row: u32, i: u32) -> vec2<f16> {
//:   let pair = bitcast<vec2<f16>>(word);
//:   if (HAS_MIN) {
//:     return pair;
//:   }
//:   return vec2<f16>(select(pair.x, pair.y, group_of(row, i) % 2u == 1u), 0.0);
//: }
//#end
