//! Elements of the KV cache as halves, two to a u32; needs no feature.
alias KvPair = u32;
alias KvItem = vec2<u32>;

fn kv_store(pair: vec2<f32>) -> KvPair {
  return pack2x16float(pair);
}

fn kv_load(quad: KvItem) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(quad.x), unpack2x16float(quad.y));
}
