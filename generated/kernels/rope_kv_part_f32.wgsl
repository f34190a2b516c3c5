const WG: u32 = 64u;
const H: u32 = 3u;
const KVH: u32 = 1u;
const C: u32 = 70u;
const HD: u32 = 40u;
const F: u32 = 13u;
const HALF: u32 = F;

@group(0) @binding(1) var<storage, read> table: array<vec2<f32>>;

// cos and sin of pair i: the complex product of a coarse and a fine entry.
fn rotation(position: u32, i: u32) -> vec2<f32> {
  let a = table[(64u + position / 64u) * HALF + i];
  let b = table[position % 64u * HALF + i];
  return vec2<f32>(a.x * b.x - a.y * b.y, a.y * b.x + a.x * b.y);
}



// What a head's elements are multiplied by. Every lane sums the whole head: it is short, and lanes share a cache.
fn head_scale(start: u32) -> f32 {
  return 1.0;
}

fn normed(start: u32, e: u32, scale: f32, is_key: bool) -> f32 {
  let x = qkv[(start + e) / 2u][(start + e) % 2u];
  return x;
}

// Element e of the query or key that starts at `start`.
fn turned(start: u32, e: u32, position: u32, scale: f32, is_key: bool) -> f32 {
  if (e >= 2u * F) {
    return normed(start, e, scale, is_key);
  }
  let i = select(e, e - F, e >= F);
  let turn = rotation(position, i);
  let a = normed(start, i, scale, is_key);
  let b = normed(start, i + F, scale, is_key);
  return select(a * turn.x - b * turn.y, a * turn.y + b * turn.x, e >= F);
}

alias KvPair = vec2<f32>;
alias KvItem = vec4<f32>;

fn kv_store(pair: vec2<f32>) -> KvPair {
  return pair;
}

fn kv_load(quad: KvItem) -> vec4<f32> {
  return quad;
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
