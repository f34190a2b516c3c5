//! y[a, m, s] = x[a, ids[m], s], moved as bits; an id beyond the last means the last. A workgroup makes 4 WG
//! elements of one id, for all a; four at a time where S allows it.
//! op gather(x: f32[A,V,S], ids: u32[M]) -> y: f32[A,M,S]
//! grid ceil(A * S / (4 * WG)), M
//! needs M <= 65535
//! needs A * S <= 4 * WG * 65535
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param A 1..
const A: u32 = 1u;
//#param V 1..
const V: u32 = 64u;
//#param S 1..
const S: u32 = 64u;

//#if S % 4 == 0
alias Item = vec4<u32>;
const WIDTH: u32 = 4u;
//#else
//: alias Item = u32;
//: const WIDTH: u32 = 1u;
//#end
const ROW: u32 = S / WIDTH;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Item>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = min(ids[group.y], V - 1u);
  //#unroll
  for (var j = 0u; j < 4u / WIDTH; j++) {
    let i = (group.x * (4u / WIDTH) + j) * WG + lane;
    if (i < A * ROW) {
      let outer = i / ROW;
      let s = i % ROW;
      // As many ids as the grid has rows.
      y[(outer * groups.y + group.y) * ROW + s] = x[(outer * V + id) * ROW + s];
    }
  }
}
