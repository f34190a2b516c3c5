//! After a stacked query, key and value projection: rotates queries into q, rotates and quantises keys into cache k,
//! quantises values into cache v. A lane takes two neighbouring pairs of a query, (i, i + HD/2) and the next, or makes
//! a group of 32 elements of a key or value.
//! op rope_kv(qkv: f32[M, (H + 2 * KVH) * HD], table: f32[ceil(C / 64) + 64, F, 2], k: KV[KVH,C,HD],
//!   v: KV[KVH,C,HD]) -> (q: f32[M, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD])
//! grid ceil((H * HD / 4 + 2 * KVH * ceil(HD / 32)) / WG), M
//! needs HD % 4 == 0
//! needs 2 * F == HD
//! needs NORM == false
//! needs KV != f32 && KV != f16
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param H 1..
const H: u32 = 4u;
//#param KVH 1..
const KVH: u32 = 4u;
//#param C 1..
const C: u32 = 2048u;
//#include "lib/rotation.wgsl"
//#include "lib/kv_pack.wgsl"
//#include "lib/step.wgsl"
// A head as vec2s: those of the first half of its elements, then as many of the second.
const TWOS: u32 = HD / 4u;
const HEADS: u32 = H + 2u * KVH;

@group(0) @binding(0) var<storage, read_write> qkv: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> q: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> k: array<u32>;
@group(0) @binding(4) var<storage, read_write> v: array<u32>;

// Two neighbours of the head that starts at `start`, rotated: number `at` of its vec2s.
fn rotated(start: u32, at: u32, position: u32) -> vec2<f32> {
  let i = at % TWOS;
  let a = qkv[start + i];
  let b = qkv[start + i + TWOS];
  let turn = rotation(position, 2u * i);
  let next = rotation(position, 2u * i + 1u);
  let cos = vec2<f32>(turn.x, next.x);
  let sin = vec2<f32>(turn.y, next.y);
  return select(a * sin + b * cos, a * cos - b * sin, at < TWOS);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * WG + lane;
  let position = step.past + group.y;
  let row = group.y * HEADS * 2u * TWOS;
  if (unit < H * TWOS) {
    let i = unit % TWOS;
    let start = row + unit / TWOS * 2u * TWOS;
    let to = (group.y * H + unit / TWOS) * 2u * TWOS + i;
    q[to] = rotated(start, i, position);
    q[to + TWOS] = rotated(start, i + TWOS, position);
    return;
  }
  let number = unit - H * TWOS;
  let head = number / HEAD_GROUPS;
  let part = number % HEAD_GROUPS;
  if (head >= 2u * KVH) {
    return;
  }
  let start = row + (H + head) * 2u * TWOS;
  var elements: Group;
  if (head < KVH) {
    //#unroll
    for (var i = 0u; i < 16u; i++) {
      elements[i] = rotated(start, min(part * 16u + i, 2u * TWOS - 1u), position);
    }
  } else {
    //#unroll
    for (var i = 0u; i < 16u; i++) {
      elements[i] = qkv[start + min(part * 16u + i, 2u * TWOS - 1u)];
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
