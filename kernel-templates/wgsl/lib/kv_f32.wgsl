//! Elements of the KV cache as they are.
alias KvPair = vec2<f32>;
alias KvItem = vec4<f32>;

fn kv_store(pair: vec2<f32>) -> KvPair {
  return pair;
}

fn kv_load(quad: KvItem) -> vec4<f32> {
  return quad;
}
