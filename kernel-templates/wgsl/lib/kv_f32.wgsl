//! Elements of the KV cache as they are.
alias KvPair = vec2<f32>;
alias KvQuad = vec4<f32>;

fn kv_store(pair: vec2<f32>) -> KvPair {
  return pair;
}

fn kv_load(quad: KvQuad) -> vec4<f32> {
  return quad;
}
