//! The sum of one row of each of Q codebooks, V rows each, as a residual quantiser decodes; a code beyond the last
//! means the last. A workgroup makes 4 WG elements of one row.
//! op codebook(codes: u32[Q,T], w: W[Q * V,D]) -> y: f32[T,D]
//! grid ceil(D / (4 * WG)), T
//! needs T <= 65535
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param Q 1..
const Q: u32 = 2u;
//#param V 1..
const V: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
const COLUMNS: u32 = D;
//#option W f32|f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/format_$W.wgsl"

@group(0) @binding(0) var<storage, read_write> codes: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let quad = group.x * WG + lane;
  if (quad * 4u >= D) {
    return;
  }
  let i = quad / WORD_QUADS;
  var sum = vec4<f32>();
  for (var q = 0u; q < Q; q++) {
    // As many steps of time as the grid has rows.
    let row = q * V + min(codes[q * groups.y + group.y], V - 1u);
    sum += word_quad(word_at(row, i), quad % WORD_QUADS) * word_scale(row, i) + word_min(row, i);
  }
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    if (quad * 4u + j < D) {
      y[group.y * D + quad * 4u + j] = sum[j];
    }
  }
}
