const WG: u32 = 64u;
const KVH: u32 = 1u;
const HD: u32 = 2u;
const C: u32 = 1u;
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
