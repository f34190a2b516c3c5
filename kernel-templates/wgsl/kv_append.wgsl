//! Writes a step's rows behind what the cache holds. A lane writes two elements: a u32 where they are halves.
//! op kv_append(x: f32[M, KVH * HD], cache: KV[KVH,C,HD]) -> cache: KV[KVH,C,HD]
//! grid ceil(KVH * HD / (2 * WG)), M
//! needs HD % 2 == 0
//! needs KV == f32 || KV == f16
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param KVH 1..
const KVH: u32 = 4u;
//#param HD 2..
const HD: u32 = 64u;
//#param C 1..
const C: u32 = 2048u;
//#option KV f32|f16
//#include "lib/kv_$KV.wgsl"
//#include "lib/step.wgsl"
const PAIRS: u32 = HD / 2u;

@group(0) @binding(0) var<storage, read_write> x: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read_write> cache: array<KvPair>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let pair = group.x * WG + lane;
  if (pair >= KVH * PAIRS) {
    return;
  }
  let to = (pair / PAIRS * C + step.past + group.y) * PAIRS + pair % PAIRS;
  cache[to] = kv_store(x[group.y * KVH * PAIRS + pair]);
}
