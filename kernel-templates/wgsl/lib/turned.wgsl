//! Elements of a head of a stacked projection, normed where NORM says so, the first F pairs turned. The kernel
//! declares qkv.
//#param HD 2..
const HD: u32 = 64u;
//#param F 1..
const F: u32 = 32u;
const HALF: u32 = F;
//#option NORM false|true
//#if NORM
//#param EPS 0.0..
//: const EPS: f32 = 0.00001;
//: @group(0) @binding(5) var<storage, read> qg: array<f32>;
//: @group(0) @binding(6) var<storage, read> kg: array<f32>;
//#end
//#include "lib/rotation_table.wgsl"

// What a head's elements are multiplied by. Every lane sums the whole head: it is short, and lanes share a cache.
fn head_scale(start: u32) -> f32 {
//#if NORM
//: var sum = 0.0;
//: for (var i = 0u; i < HD / 2u; i++) {
//:   let pair = qkv[start / 2u + i];
//:   sum += dot(pair, pair);
//: }
//: return inverseSqrt(sum / f32(HD) + EPS);
//#else
  return 1.0;
//#end
}

fn normed(start: u32, e: u32, scale: f32, is_key: bool) -> f32 {
  let x = qkv[(start + e) / 2u][(start + e) % 2u];
//#if NORM
//: return x * scale * select(qg[e], kg[e], is_key);
//#else
  return x;
//#end
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
