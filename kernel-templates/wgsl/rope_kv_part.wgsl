//! After a stacked query, key and value projection: norms the heads of queries and keys where NORM says so, turns the
//! first F pairs of each, and writes queries to q, keys and values into their caches. A lane makes two neighbours.
//! op rope_kv(qkv: f32[M, (H + 2 * KVH) * HD], table: f32[ceil(C / 64) + 64, F, 2], qg?: f32[HD], kg?: f32[HD],
//!   k: KV[KVH,C,HD], v: KV[KVH,C,HD]) -> (q: f32[M, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD])
//! grid ceil((H + 2 * KVH) * HD / (2 * WG)), M
//! needs HD % 4 == 0
//! needs 2 * F <= HD
//! needs KV == f32 || KV == f16
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param H 1..
const H: u32 = 4u;
//#param KVH 1..
const KVH: u32 = 4u;
//#option KV f32|f16
//#param C 1..
const C: u32 = 2048u;
//#include "lib/turned.wgsl"
//#include "lib/kv_$KV.wgsl"
//#include "lib/step.wgsl"
const HEADS: u32 = H + 2u * KVH;

@group(0) @binding(0) var<storage, read_write> qkv: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> q: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> k: array<KvPair>;
@group(0) @binding(4) var<storage, read_write> v: array<KvPair>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * WG + lane;
  if (unit >= HEADS * (HD / 2u)) {
    return;
  }
  let head = unit / (HD / 2u);
  let i = unit % (HD / 2u);
  let position = step.past + group.y;
  let start = (group.y * HEADS + head) * HD;
  if (head >= H + KVH) {
    v[((head - H - KVH) * C + position) * (HD / 2u) + i] = kv_store(qkv[start / 2u + i]);
    return;
  }
  let is_key = head >= H;
  let scale = head_scale(start);
  let pair = vec2<f32>(
    turned(start, 2u * i, position, scale, is_key),
    turned(start, 2u * i + 1u, position, scale, is_key),
  );
  if (is_key) {
    k[((head - H) * C + position) * (HD / 2u) + i] = kv_store(pair);
  } else {
    q[(group.y * H + head) * (HD / 2u) + i] = pair;
  }
}
