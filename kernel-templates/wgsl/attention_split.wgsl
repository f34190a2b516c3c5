//! Part of the attention of one query row: a workgroup takes CHUNK of the keys that the row sees, for all query heads
//! that share their head, so that a key or value is read once for those (Flash-Decoding, Dao et al. 2023). Keys are
//! read by teams of lanes, values by slices of them; between, lanes work on the softmax of a head.
//! op attention_split(q: f32[1, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD]) ->
//!   (part: f32[H,SPLITS,HD], stats: f32[H,SPLITS,2])
//! grid ceil(KEYS / CHUNK), KVH
//! needs HD % 4 == 0
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
//#option KV f32|f16|q8|q4|q3|q2
//#include "lib/split.wgsl"

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;

fn query_quad(head: u32, quad: u32) -> vec4<f32> {
  return q[head * QUADS + quad];
}

// All keys are there.
fn append(head: u32, first: u32, lane: u32) {}
