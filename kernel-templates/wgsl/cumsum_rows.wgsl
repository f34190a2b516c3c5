//! Running sums along the middle axis where it is long. One workgroup a column: each lane sums a piece of it, the
//! sums of the pieces before each are made in workgroup memory, then each lane goes over its piece again.
//! op cumsum(x: f32[A,D,S]) -> y: f32[A,D,S]
//! grid min(A * S, FOLD), ceil(A * S / FOLD)
//! needs D > 32
//#param WG 256|32|64|128
const WG: u32 = 256u;
//#param D 1..
const D: u32 = 64u;
//#param S 1..
const S: u32 = 64u;
//#include "lib/fold.wgsl"
//#include "lib/running.wgsl"
const PIECE: u32 = (D + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group);
  if (column >= arrayLength(&y) / D) {
    return;
  }
  let start = column / S * (D * S) + column % S;
  var own = 0.0;
  for (var j = 0u; j < PIECE; j++) {
    let turn = lane * PIECE + j;
    if (turn < D) {
      own += x[start + place(turn) * S];
    }
  }
  // After step k, a cell holds the sum of 2^k pieces up to its own (Hillis and Steele).
  var upto = own;
  sums[lane] = upto;
  workgroupBarrier();
  //#unroll
  for (var far = 1u; far < WG; far *= 2u) {
    if (lane >= far) {
      upto += sums[lane - far];
    }
    workgroupBarrier();
    sums[lane] = upto;
    workgroupBarrier();
  }
  var sum = 0.0;
  if (lane > 0u) {
    sum = sums[lane - 1u];
  }
  for (var j = 0u; j < PIECE; j++) {
    let turn = lane * PIECE + j;
    if (turn < D) {
      let i = start + place(turn) * S;
      let after = sum + x[i];
      y[i] = put(sum, after);
      sum = after;
    }
  }
}
