//! embed of two pieces of a split table, w2 the one behind w; rows of other pieces are left alone. A workgroup makes 4 WG
//! elements of one row.
//! op embed_pair(tokens: u32[C + 1], w: W[V,D], w2: W[V2,D]) -> y: f32[M,D]
//! grid ceil(D / (4 * WG)), M
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param V 1..
const V: u32 = 64u;
//#param V2 1..
const V2: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#param ROW0 0..
const ROW0: u32 = 0u;
const COLUMNS: u32 = D;
//#option W f32|f16|q8|q8a|q4|q4a|q2|q2a
//#include "lib/format_$W.wgsl"
//#include "lib/step.wgsl"

@group(0) @binding(0) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@group(0) @binding(4) var<storage, read> w2: array<Word>;
//#if W == f32 || W == f16
fn scales_at(row: u32, i: u32) -> vec2<f32> {
  return vec2<f32>(1.0, 0.0);
}
//#else
//: @group(0) @binding(5) var<storage, read> w2_scale: array<u32>;
//:
//: // Scale and minimum of a word of the second piece.
//: fn scales_at(row: u32, i: u32) -> vec2<f32> {
//:   let at = group_of(row, i);
//:   if (HAS_MIN) {
//:     return unpack2x16float(w2_scale[at]);
//:   }
//:   let pair = unpack2x16float(w2_scale[at / 2u]);
//:   return vec2<f32>(select(pair.x, pair.y, at % 2u == 1u), 0.0);
//: }
//#end

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Below ROW0 it wraps around to something large, which is not of this piece either.
  let row = tokens[step.past + group.y] - ROW0;
  let quad = group.x * WG + lane;
  if (row >= V + V2 || quad * 4u >= D) {
    return;
  }
  let i = quad / WORD_QUADS;
  var word: Word;
  var scales: vec2<f32>;
  if (row < V) {
    word = word_at(row, i);
    scales = vec2<f32>(word_scale(row, i), word_min(row, i));
  } else {
    word = w2[(row - V) * ROW_WORDS + i];
    scales = scales_at(row - V, i);
  }
  let values = word_quad(word, quad % WORD_QUADS) * scales.x + scales.y;
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    if (D % 4u == 0u || quad * 4u + j < D) {
      y[group.y * D + quad * 4u + j] = values[j];
    }
  }
}
