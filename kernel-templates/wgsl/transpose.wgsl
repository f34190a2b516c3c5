//! y[b, n, m] = x[b, m, n], moved as bits. A workgroup turns a tile of T x T in workgroup memory, so that both
//! reads and writes are of neighbours.
//! op transpose(x: f32[B,M,N]) -> y: f32[B,N,M]
//! grid ceil(N / T), ceil(M / T), B
//! needs B <= 65535
//! needs N <= 65535 * T
//! needs M <= 65535 * T
//#param T 32|16
const T: u32 = 32u;
// Rows of a tile that are moved at a time.
//#param WY 8|4
const WY: u32 = 8u;
//#param M 1..
const M: u32 = 64u;
//#param N 1..
const N: u32 = 64u;
const WG: u32 = T * WY;

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

// A row is one longer than it need be: a column then lies in different banks.
var<workgroup> tile: array<u32, T * (T + 1u)>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % T;
  let ty = lane / T;
  let matrix = group.z * M * N;
  //#unroll
  for (var j = 0u; j < T; j += WY) {
    let m = group.y * T + ty + j;
    let n = group.x * T + tx;
    // Outside the matrix it reads anything, which is not stored.
    tile[(ty + j) * (T + 1u) + tx] = x[matrix + m * N + n];
  }
  workgroupBarrier();
  //#unroll
  for (var j = 0u; j < T; j += WY) {
    let n = group.x * T + ty + j;
    let m = group.y * T + tx;
    if (m < M && n < N) {
      y[matrix + n * M + m] = tile[tx * (T + 1u) + ty + j];
    }
  }
}
