const T: u32 = 32u;
// Rows of a tile that are moved at a time.
const WY: u32 = 8u;
const M: u32 = 1u;
const N: u32 = 1u;
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
  {
    let m = group.y * T + ty + 0u;
    let n = group.x * T + tx;
    // Outside the matrix it reads anything, which is not stored.
    tile[(ty + 0u) * (T + 1u) + tx] = x[matrix + m * N + n];
  }
  {
    let m = group.y * T + ty + 8u;
    let n = group.x * T + tx;
    // Outside the matrix it reads anything, which is not stored.
    tile[(ty + 8u) * (T + 1u) + tx] = x[matrix + m * N + n];
  }
  {
    let m = group.y * T + ty + 16u;
    let n = group.x * T + tx;
    // Outside the matrix it reads anything, which is not stored.
    tile[(ty + 16u) * (T + 1u) + tx] = x[matrix + m * N + n];
  }
  {
    let m = group.y * T + ty + 24u;
    let n = group.x * T + tx;
    // Outside the matrix it reads anything, which is not stored.
    tile[(ty + 24u) * (T + 1u) + tx] = x[matrix + m * N + n];
  }
  workgroupBarrier();
  {
    let n = group.x * T + ty + 0u;
    let m = group.y * T + tx;
    if (m < M && n < N) {
      y[matrix + n * M + m] = tile[tx * (T + 1u) + ty + 0u];
    }
  }
  {
    let n = group.x * T + ty + 8u;
    let m = group.y * T + tx;
    if (m < M && n < N) {
      y[matrix + n * M + m] = tile[tx * (T + 1u) + ty + 8u];
    }
  }
  {
    let n = group.x * T + ty + 16u;
    let m = group.y * T + tx;
    if (m < M && n < N) {
      y[matrix + n * M + m] = tile[tx * (T + 1u) + ty + 16u];
    }
  }
  {
    let n = group.x * T + ty + 24u;
    let m = group.y * T + tx;
    if (m < M && n < N) {
      y[matrix + n * M + m] = tile[tx * (T + 1u) + ty + 24u];
    }
  }
}
