//! Index of the largest or smallest of each row. One workgroup a row.
//! op argreduce(x: f32[A,D,S]) -> y: u32[A,S]
//! grid min(A, FOLD), ceil(A / FOLD)
//! needs S == 1 && D > 16 && D <= 16777216
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 256|32|64|128
const WG: u32 = 256u;
//#param D 1..
const D: u32 = 64u;
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"
//#include "lib/fold.wgsl"
//#include "lib/arg_ops.wgsl"
const TURNS: u32 = (D + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let row = flat_group(group);
  if (row >= arrayLength(&y)) {
    return;
  }
  // Lanes beyond a row stand at its end, so that every lane has an element of it.
  var at = min(lane, D - 1u);
  var best = key(x[row * D + at]);
  for (var turn = 1u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < D) {
      let value = key(x[row * D + i]);
      if (better(value, best)) {
        best = value;
        at = i;
      }
    }
  }
  let most = reduce_max(best, lane, subgroup_size);
  // Indices below 2^24 are exact as floats.
//#if PICK == first
  let place = -reduce_max(select(-0x1p24, -f32(at), best == most), lane, subgroup_size);
//#else
//: let place = reduce_max(select(-1.0, f32(at), best == most), lane, subgroup_size);
//#end
  if (lane == 0u) {
    y[row] = u32(place);
  }
}
