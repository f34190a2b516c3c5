//! After a stacked query, key and value projection: rotates queries into q and keys into cache k, writes
//! values into cache v. A lane takes two neighbouring pairs, (i, i + HD/2) and the next, because two
//! neighbouring halves share a u32.
//! op rope_kv(qkv: f32[M, (H + 2 * KVH) * HD], table: f32[ceil(C / 64) + 64, F, 2], k: KV[KVH,C,HD],
//!   v: KV[KVH,C,HD]) -> (q: f32[M, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD])
//! grid ceil((H + 2 * KVH) * HD / (4 * WG)), M
//! needs HD % 4 == 0
//! needs 2 * F == HD
//! needs NORM == false
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
//#include "lib/rotation.wgsl"
//#include "lib/kv_$KV.wgsl"
//#include "lib/step.wgsl"
// A head as vec2s: those of the first half of its elements, then as many of the second.
const TWOS: u32 = HD / 4u;
const HEADS: u32 = H + 2u * KVH;

@group(0) @binding(0) var<storage, read_write> qkv: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> q: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> k: array<KvPair>;
@group(0) @binding(4) var<storage, read_write> v: array<KvPair>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * WG + lane;
  if (unit >= HEADS * TWOS) {
    return;
  }
  let head = unit / TWOS;
  let i = unit % TWOS;
  let position = step.past + group.y;
  let start = (group.y * HEADS + head) * 2u * TWOS + i;
  let a = qkv[start];
  let b = qkv[start + TWOS];
  if (head >= H + KVH) {
    let to = ((head - H - KVH) * C + position) * 2u * TWOS + i;
    v[to] = kv_store(a);
    v[to + TWOS] = kv_store(b);
    return;
  }
  let turn = rotation(position, 2u * i);
  let next = rotation(position, 2u * i + 1u);
  let cos = vec2<f32>(turn.x, next.x);
  let sin = vec2<f32>(turn.y, next.y);
  let first = a * cos - b * sin;
  let second = a * sin + b * cos;
  if (head < H) {
    let to = (group.y * H + head) * 2u * TWOS + i;
    q[to] = first;
    q[to + TWOS] = second;
  } else {
    let to = ((head - H) * C + position) * 2u * TWOS + i;
    k[to] = kv_store(first);
    k[to + TWOS] = kv_store(second);
  }
}
