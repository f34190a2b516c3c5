//! x * rsqrt(mean(x²) + EPS) * g. One workgroup a row. LAST: only row seq-1, written as row 0.
//! op rmsnorm(x: f32[R,D], g?: f32[D]) -> y: f32[M,D]
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
const EPS: f32 = 0.00001;
//#option GAIN true|false
//#option LAST false|true
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"
//#include "lib/fold.wgsl"
//#if LAST
//#include "lib/step.wgsl"
//#end
// A row is read four elements at a time where it can be.
//#if D % 4 == 0
//#include "lib/items_4.wgsl"
//#else
//#include "lib/items_1.wgsl"
//#end
const ITEMS: u32 = D / PER_ITEM;
const TURNS: u32 = (ITEMS + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
//#if GAIN
@group(0) @binding(1) var<storage, read> g: array<Item>;
//#end
@group(0) @binding(2) var<storage, read_write> y: array<Item>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let to = flat_group(group) * ITEMS;
  if (to >= arrayLength(&y)) {
    return;
  }
//#if LAST
//: let start = (step.seq - 1u) * ITEMS;
//#else
  let start = to;
//#end
  var sum = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      sum += square(x[start + i]);
    }
  }
  let scale = inverseSqrt(reduce_add(sum, lane, subgroup_size) / f32(D) + EPS);
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
//#if GAIN
      y[to + i] = x[start + i] * scale * g[i];
//#else
//:   y[to + i] = x[start + i] * scale;
//#end
    }
  }
}
