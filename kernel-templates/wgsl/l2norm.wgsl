//! x / max(|x|, EPS) (MODE max) or x / sqrt(|x|² + EPS) (MODE add). One workgroup a row.
//! op l2norm(x: f32[M,D]) -> y: f32[M,D]
//! grid min(M, FOLD), ceil(M / FOLD)
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 256|32|64|128
const WG: u32 = 256u;
//#param D 1..
const D: u32 = 64u;
//#param EPS 0.0..
const EPS: f32 = 0.000000000001;
//#option MODE max|add
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"
//#include "lib/fold.wgsl"
//#if D % 4 == 0
//#include "lib/items_4.wgsl"
//#else
//#include "lib/items_1.wgsl"
//#end
const ITEMS: u32 = D / PER_ITEM;
const TURNS: u32 = (ITEMS + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> y: array<Item>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let start = flat_group(group) * ITEMS;
  if (start >= arrayLength(&y)) {
    return;
  }
  var sum = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      sum += square(x[start + i]);
    }
  }
  let squares = reduce_add(sum, lane, subgroup_size);
//#if MODE == max
  let size = max(sqrt(squares), EPS);
//#else
//: let size = sqrt(squares + EPS);
//#end
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      y[start + i] = x[start + i] / size;
    }
  }
}
