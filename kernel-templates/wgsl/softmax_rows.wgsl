//! softmax(SCALE x) or its logarithm (LOG) along the last axis. One workgroup a row. -inf counts as the lowest
//! number, so a row of nothing else gives 1 / D.
//! op softmax(x: f32[A,D,S]) -> y: f32[A,D,S]
//! grid min(A, FOLD), ceil(A / FOLD)
//! needs S == 1
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 256|32|64|128
const WG: u32 = 256u;
//#param D 1..
const D: u32 = 64u;
//#param SCALE 0.0..
const SCALE: f32 = 1.0;
//#option LOG false|true
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
const LOWEST: f32 = -0x1.fffffep127;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> y: array<Item>;

fn value_at(i: u32) -> Item {
  return max(x[i], Item(LOWEST));
}

// At most 0. Its exp is 0 long before the bound, which keeps differences of infinite size out.
fn exponent(i: u32, most: f32) -> Item {
  return max((value_at(i) - most) * SCALE, Item(-200.0));
}

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
  var best = LOWEST;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      best = max(best, largest(value_at(start + i)));
    }
  }
  let most = reduce_max(best, lane, subgroup_size);
  var own = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      own += total(exp(exponent(start + i, most)));
    }
  }
  let sum = reduce_add(own, lane, subgroup_size);
//#if LOG
//: let log_sum = log(sum);
//#end
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
//#if LOG
//:   y[start + i] = (value_at(start + i) - most) * SCALE - log_sum;
//#else
      y[start + i] = exp(exponent(start + i, most)) / sum;
//#end
    }
  }
}
