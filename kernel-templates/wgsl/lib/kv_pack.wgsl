//! A group of 32 elements of the KV cache, quantised: q = (x - minimum) / scale, both as they are stored.
//#option KV q8|q4|q3|q2
//#include "lib/kv_$KV.wgsl"
const GROUP_WORDS: u32 = KV_BITS + 1u;
const HEAD_GROUPS: u32 = (HD + 31u) / 32u;
const LEVELS: f32 = f32((1u << KV_BITS) - 1u);

alias Group = array<vec2<f32>, 16>;

// Pairs beyond the end of the vector hold one that is in the group, and change nothing.
fn kv_pack(group: Group) -> array<u32, GROUP_WORDS> {
  var x = group;
  var low = x[0];
  var high = x[0];
  //#unroll
  for (var i = 1u; i < 16u; i++) {
    low = min(low, x[i]);
    high = max(high, x[i]);
  }
  let lowest = min(low.x, low.y);
  let header = pack2x16float(vec2<f32>((max(high.x, high.y) - lowest) / LEVELS, lowest));
  // What readers will see. Where all are alike the scale is 0, and any q will do.
  let affine = unpack2x16float(header);
  let inverse = 1.0 / max(affine.x, 1e-9);
  var words: array<u32, GROUP_WORDS>;
  words[0] = header;
  //#unroll
  for (var j = 0u; j < 8u; j++) {
    let quad = vec4<f32>(x[2u * j], x[2u * j + 1u]);
    let q = vec4<u32>(clamp(round((quad - affine.y) * inverse), vec4<f32>(), vec4<f32>(LEVELS)));
    let bytes = q.x | (q.y << 8u) | (q.z << 16u) | (q.w << 24u);
    //#unroll
    for (var i = 0u; i < KV_BITS; i++) {
      words[i + 1u] |= kv_part(bytes, i, j);
    }
  }
  return words;
}
