//! Rows of x become rows ROW0, ROW0 + 1 … of a state, moved as bits. A workgroup moves 4 WG elements of a row.
//! op put_rows(x: f32[M,D], rows: f32[C,D]) -> rows: f32[C,D]
//! grid ceil(D / (4 * WG)), M
//! needs M <= 65535
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#param ROW0 0..
const ROW0: u32 = 0u;

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> rows: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    let i = (group.x * 4u + j) * WG + lane;
    if (i < D) {
      rows[(ROW0 + group.y) * D + i] = x[group.y * D + i];
    }
  }
}
