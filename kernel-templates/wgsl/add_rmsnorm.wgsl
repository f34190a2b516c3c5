//! s = x + r and y = s * rsqrt(mean(s²) + EPS) * g: the end of one layer and the beginning of the next. One
//! workgroup a row.
//! op add_rmsnorm(x: f32[R,D], r: f32[R,D], g?: f32[D]) -> s: f32[R,D], y: f32[R,D]
//! grid min(R, FOLD), ceil(R / FOLD)
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
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"
//#include "lib/fold.wgsl"
// A row is read four elements at a time where it can be.
//#if D % 4 == 0
//#include "lib/items_4.wgsl"
//#else
//#include "lib/items_1.wgsl"
//#end
const ITEMS: u32 = D / PER_ITEM;
const TURNS: u32 = (ITEMS + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> r: array<Item>;
//#if GAIN
@group(0) @binding(2) var<storage, read> g: array<Item>;
//#end
@group(0) @binding(3) var<storage, read_write> s: array<Item>;
@group(0) @binding(4) var<storage, read_write> y: array<Item>;

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
      let value = x[start + i] + r[start + i];
      s[start + i] = value;
      sum += square(value);
    }
  }
  let scale = inverseSqrt(reduce_add(sum, lane, subgroup_size) / f32(D) + EPS);
  // Each lane reads what it wrote itself.
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
//#if GAIN
      y[start + i] = s[start + i] * scale * g[i];
//#else
//:   y[start + i] = s[start + i] * scale;
//#end
    }
  }
}
