//! Keys and values as vec4s: quad `quad` of the vector at `row`, counted over heads and positions. The kernel
//! declares QUADS, and KV, the formats that it takes.
//#include "lib/kv_$KV.wgsl"
//#if KV == f32 || KV == f16
@group(0) @binding(1) var<storage, read_write> k: array<KvItem>;
@group(0) @binding(2) var<storage, read_write> v: array<KvItem>;

fn k_quad(row: u32, quad: u32) -> vec4<f32> {
  return kv_load(k[row * QUADS + quad]);
}

fn v_quad(row: u32, quad: u32) -> vec4<f32> {
  return kv_load(v[row * QUADS + quad]);
}
//#else
//: @group(0) @binding(1) var<storage, read_write> k: array<u32>;
//: @group(0) @binding(2) var<storage, read_write> v: array<u32>;
//: const GROUP_WORDS: u32 = KV_BITS + 1u;
//: const ROW_WORDS: u32 = (QUADS + 7u) / 8u * GROUP_WORDS;
//:
//: // From the words of a group: the first, that of the quad, the last.
//: fn kv_decode(header: u32, word: u32, last: u32, j: u32) -> vec4<f32> {
//:   let affine = unpack2x16float(header);
//:   let bytes = vec4<u32>(kv_bytes(word, last, j)) >> vec4<u32>(0u, 8u, 16u, 24u);
//:   return vec4<f32>(bytes & vec4<u32>(255u)) * affine.x + affine.y;
//: }
//:
//: fn k_quad(row: u32, quad: u32) -> vec4<f32> {
//:   let at = row * ROW_WORDS + quad / 8u * GROUP_WORDS;
//:   let j = quad % 8u;
//:   return kv_decode(k[at], k[at + 1u + kv_word(j)], k[at + KV_BITS], j);
//: }
//:
//: fn v_quad(row: u32, quad: u32) -> vec4<f32> {
//:   let at = row * ROW_WORDS + quad / 8u * GROUP_WORDS;
//:   let j = quad % 8u;
//:   return kv_decode(v[at], v[at + 1u + kv_word(j)], v[at + KV_BITS], j);
//: }
//#end
