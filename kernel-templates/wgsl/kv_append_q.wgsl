//! Quantises a step's rows and writes them behind what the cache holds. A lane makes a group of 32 elements.
//! op kv_append(x: f32[M, KVH * HD], cache: KV[KVH,C,HD]) -> cache: KV[KVH,C,HD]
//! grid ceil(KVH * ceil(HD / 32) / WG), M
//! needs HD % 2 == 0
//! needs KV != f32 && KV != f16
//#param WG 32|64|128
const WG: u32 = 32u;
//#param KVH 1..
const KVH: u32 = 4u;
//#param HD 2..
const HD: u32 = 64u;
//#param C 1..
const C: u32 = 2048u;
//#include "lib/kv_pack.wgsl"
//#include "lib/step.wgsl"
const PAIRS: u32 = HD / 2u;

@group(0) @binding(0) var<storage, read_write> x: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read_write> cache: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * WG + lane;
  if (unit >= KVH * HEAD_GROUPS) {
    return;
  }
  let head = unit / HEAD_GROUPS;
  let part = unit % HEAD_GROUPS;
  let start = (group.y * KVH + head) * PAIRS;
  var elements: Group;
  //#unroll
  for (var i = 0u; i < 16u; i++) {
    elements[i] = x[start + min(part * 16u + i, PAIRS - 1u)];
  }
  var words = kv_pack(elements);
  let to = ((head * C + step.past + group.y) * HEAD_GROUPS + part) * GROUP_WORDS;
  //#unroll
  for (var i = 0u; i < GROUP_WORDS; i++) {
    cache[to + i] = words[i];
  }
}
