const WG: u32 = 64u;
const H: u32 = 32u;
const KVH: u32 = 4u;
const C: u32 = 2048u;
const HD: u32 = 64u;
const HALF: u32 = HD / 2u;

@group(0) @binding(1) var<storage, read> table: array<vec2<f32>>;

// cos and sin of pair i: the complex product of a coarse and a fine entry.
fn rotation(position: u32, i: u32) -> vec2<f32> {
  let a = table[(64u + position / 64u) * HALF + i];
  let b = table[position % 64u * HALF + i];
  return vec2<f32>(a.x * b.x - a.y * b.y, a.y * b.x + a.x * b.y);
}



alias KvPair = u32;
alias KvItem = vec2<u32>;

fn kv_store(pair: vec2<f32>) -> KvPair {
  return pack2x16float(pair);
}

fn kv_load(quad: KvItem) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(quad.x), unpack2x16float(quad.y));
}

struct Step {
  /// Tokens in this step.
  seq: u32,
  /// Tokens in the KV cache before it.
  past: u32,
  seed: u32,
  /// 0: all.
  top_k: u32,
  /// 1: all.
  top_p: f32,
  /// 0: greedy.
  temperature: f32,
  /// 0: don't write the next token.
  sample: u32,
  /// Of repetition; 1: none.
  penalty: f32,
}
@group(0) @binding(15) var<uniform> step: Step;

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
