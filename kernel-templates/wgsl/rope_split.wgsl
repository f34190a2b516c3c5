//! rope_kv and attention_split as one: a workgroup turns the queries that it needs, and the one whose keys end with the
//! step's position turns and writes that key, and its value, before it reads them.
//! op rope_split(qkv: f32[1, (H + 2 * KVH) * HD], table: f32[ceil(C / 64) + 64, F, 2], qg?: f32[HD], kg?: f32[HD],
//!   k: KV[KVH,C,HD], v: KV[KVH,C,HD]) ->
//!   (k: KV[KVH,C,HD], v: KV[KVH,C,HD], part: f32[H,SPLITS,HD], stats: f32[H,SPLITS,2])
//! grid ceil(KEYS / CHUNK), KVH
//! needs HD % 8 == 0
//! needs 2 * F == HD
//! needs HD <= 4 * WG
//! needs H % KVH == 0
//! needs H / KVH <= 16
//! needs CHUNK >= WG / 4
//! needs H / KVH * CHUNK <= 16 * WG
//! needs 4 * (H / KVH * (ceil(HD / 64) * 64 + ceil(CHUNK / (floor(4 * WG / HD) * UNROLL)) * floor(4 * WG / HD) * UNROLL) + WG) <= 16384
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 128|64|256
const WG: u32 = 128u;
//#param CHUNK 64|32|128|256
const CHUNK: u32 = 64u;
// Values whose loads are under way at a time.
//#param UNROLL 4|1|2|8
const UNROLL: u32 = 4u;
//#param H 1..
const H: u32 = 4u;
//#param KVH 1..
const KVH: u32 = 4u;
//#param HD 4..
const HD: u32 = 64u;
//#param C 1..
const C: u32 = 2048u;
//#param SPLITS 1..
const SPLITS: u32 = 32u;
//#option KV f32|f16
//#include "lib/split.wgsl"
const HALF: u32 = HD / 2u;
@group(0) @binding(0) var<storage, read_write> qkv: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> table: array<vec2<f32>>;
//#include "lib/angles.wgsl"
//#option NORM false|true
//#if NORM
//#param EPS 0.0..
//: const EPS: f32 = 0.00001;
//: @group(0) @binding(6) var<storage, read> qg: array<vec4<f32>>;
//: @group(0) @binding(7) var<storage, read> kg: array<vec4<f32>>;
//:
//: // What a head's elements are multiplied by. Every lane sums the whole head: it is short, and lanes share a cache.
//: fn head_scale(head: u32) -> f32 {
//:   var sum = 0.0;
//:   for (var i = 0u; i < QUADS; i++) {
//:     let quad = qkv[head * QUADS + i];
//:     sum += dot(quad, quad);
//:   }
//:   return inverseSqrt(sum / f32(HD) + EPS);
//: }
//:
//: fn normed(head: u32, quad: u32) -> vec4<f32> {
//:   var gain = qg[quad];
//:   if (head >= H) {
//:     gain = kg[quad];
//:   }
//:   return qkv[head * QUADS + quad] * head_scale(head) * gain;
//: }
//#else
fn normed(head: u32, quad: u32) -> vec4<f32> {
  return qkv[head * QUADS + quad];
}
//#end

// A quad of a query or key (those of the keys follow the queries'), turned.
fn query_quad(head: u32, quad: u32) -> vec4<f32> {
  const HALF_QUADS: u32 = QUADS / 2u;
  let is_first = quad < HALF_QUADS;
  let at = select(quad - HALF_QUADS, quad, is_first);
  let a = normed(head, at);
  let b = normed(head, at + HALF_QUADS);
  var cos: vec4<f32>;
  var sin: vec4<f32>;
  //#unroll
  for (var i = 0u; i < 4u; i++) {
    let turn = rotation(step.past, at * 4u + i);
    cos[i] = turn.x;
    sin[i] = turn.y;
  }
  return select(a * sin + b * cos, a * cos - b * sin, is_first);
}

fn kv_item(x: vec4<f32>) -> KvItem {
  return KvItem(kv_store(x.xy), kv_store(x.zw));
}

// The key and value of the step's position, by the workgroup that has it.
fn append(head: u32, first: u32, lane: u32) {
  let quad = lane;
  if (step.past - first < CHUNK && quad < QUADS) {
    let to = (head * C + step.past) * QUADS + quad;
    k[to] = kv_item(query_quad(H + head, quad));
    v[to] = kv_item(qkv[(H + KVH + head) * QUADS + quad]);
  }
  storageBarrier();
}
