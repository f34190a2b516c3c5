//! After a stacked query, key and value projection: norms the heads of queries and keys where NORM says so, turns the
//! first F pairs of each, writes queries to q, and quantises keys and values into their caches. A lane makes two
//! neighbours of a query, or a group of 32 elements of a key or value.
//! op rope_kv(qkv: f32[M, (H + 2 * KVH) * HD], table: f32[ceil(C / 64) + 64, F, 2], qg?: f32[HD], kg?: f32[HD],
//!   k: KV[KVH,C,HD], v: KV[KVH,C,HD]) -> (q: f32[M, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD])
//! grid ceil((H * HD / 2 + 2 * KVH * ceil(HD / 32)) / WG), M
//! needs HD % 4 == 0
//! needs 2 * F <= HD
//! needs KV != f32 && KV != f16
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param H 1..
const H: u32 = 4u;
//#param KVH 1..
const KVH: u32 = 4u;
//#param C 1..
const C: u32 = 2048u;
//#include "lib/turned.wgsl"
//#include "lib/kv_pack.wgsl"
//#include "lib/step.wgsl"
const HEADS: u32 = H + 2u * KVH;
const TWOS: u32 = HD / 2u;

@group(0) @binding(0) var<storage, read_write> qkv: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> q: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> k: array<u32>;
@group(0) @binding(4) var<storage, read_write> v: array<u32>;

fn turned_pair(start: u32, i: u32, position: u32, scale: f32, is_key: bool) -> vec2<f32> {
  return vec2<f32>(
    turned(start, 2u * i, position, scale, is_key),
    turned(start, 2u * i + 1u, position, scale, is_key),
  );
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * WG + lane;
  let position = step.past + group.y;
  let row = group.y * HEADS * HD;
  if (unit < H * TWOS) {
    let head = unit / TWOS;
    let start = row + head * HD;
    let i = unit % TWOS;
    q[(group.y * H + head) * TWOS + i] = turned_pair(start, i, position, head_scale(start), false);
    return;
  }
  let number = unit - H * TWOS;
  let head = number / HEAD_GROUPS;
  let part = number % HEAD_GROUPS;
  if (head >= 2u * KVH) {
    return;
  }
  let start = row + (H + head) * HD;
  var elements: Group;
  if (head < KVH) {
    let scale = head_scale(start);
    //#unroll
    for (var i = 0u; i < 16u; i++) {
      elements[i] = turned_pair(start, min(part * 16u + i, TWOS - 1u), position, scale, true);
    }
  } else {
    //#unroll
    for (var i = 0u; i < 16u; i++) {
      elements[i] = qkv[start / 2u + min(part * 16u + i, TWOS - 1u)];
    }
  }
  var words = kv_pack(elements);
  let to = ((head % KVH * C + position) * HEAD_GROUPS + part) * GROUP_WORDS;
  //#unroll
  for (var i = 0u; i < GROUP_WORDS; i++) {
    if (head < KVH) {
      k[to + i] = words[i];
    } else {
      v[to + i] = words[i];
    }
  }
}
