//! Rows of an embedding by token id. A piece of a split table (rows from ROW0 on) leaves other rows alone.
//! A workgroup makes 4 WG elements of one row.
//! op embed(tokens: u32[C + 1], w: W[V,D]) -> y: f32[M,D]
//! grid ceil(D / (4 * WG)), M
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param V 1..
const V: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#param ROW0 0..
const ROW0: u32 = 0u;
const COLUMNS: u32 = D;
//#option W f32|f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/format_$W.wgsl"
//#include "lib/step.wgsl"

@group(0) @binding(0) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Below ROW0 it wraps around to something large, which is not of this piece either.
  let row = tokens[step.past + group.y] - ROW0;
  let quad = group.x * WG + lane;
  if (row >= V || quad * 4u >= D) {
    return;
  }
  let i = quad / WORD_QUADS;
  let values = word_quad(word_at(row, i), quad % WORD_QUADS) * word_scale(row, i) + word_min(row, i);
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    if (D % 4u == 0u || quad * 4u + j < D) {
      y[group.y * D + quad * 4u + j] = values[j];
    }
  }
}
