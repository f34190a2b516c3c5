//! The last axis made one number by OP. One workgroup a row.
//! op reduce(x: f32[A,D,S]) -> y: f32[A,S]
//! grid min(A, FOLD), ceil(A / FOLD)
//! needs S == 1 && D > 16
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
//#if D % 4 == 0
//#include "lib/items_4.wgsl"
//#else
//#include "lib/items_1.wgsl"
//#end
//#include "lib/reduce_ops.wgsl"
//#if OP == prod
//#include "lib/product.wgsl"
//#end
const ITEMS: u32 = D / PER_ITEM;
const TURNS: u32 = (ITEMS + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

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
  let start = row * ITEMS;
//#if OP == logsumexp
//: var best = LOWEST;
//: for (var turn = 0u; turn < TURNS; turn++) {
//:   let i = turn * WG + lane;
//:   if (i < ITEMS) {
//:     best = max(best, largest(x[start + i]));
//:   }
//: }
//: let most = reduce_max(best, lane, subgroup_size);
//#else
  let most = 0.0;
//#end
  var own = NEUTRAL;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      own = join(own, term(x[start + i], most));
    }
  }
//#if OP == max || OP == min
//: let all = reduce_max(own, lane, subgroup_size);
//#elif OP == prod
//: let all = reduce_mul(own, lane);
//#else
  let all = reduce_add(own, lane, subgroup_size);
//#end
  if (lane == 0u) {
    y[row] = result(all, most);
  }
}
