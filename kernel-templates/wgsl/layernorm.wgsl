//! (x - mean(x)) * rsqrt(variance(x) + EPS) * g + b. One workgroup a row. LAST: only row seq-1, written as row 0.
//! A row's first element is taken off all others before they are summed: a mean far from zero costs no digits.
//! op layernorm(x: f32[R,D], g?: f32[D], b?: f32[D]) -> y: f32[M,D]
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
//#option BIAS true|false
//#option LAST false|true
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"
//#include "lib/fold.wgsl"
//#if LAST
//#include "lib/step.wgsl"
//#end
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
//#if BIAS
@group(0) @binding(2) var<storage, read> b: array<Item>;
//#end
@group(0) @binding(3) var<storage, read_write> y: array<Item>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let row = flat_group(group);
  if (row * ITEMS >= arrayLength(&y)) {
    return;
  }
//#if LAST
//: let start = (step.seq - 1u) * ITEMS;
//#else
  let start = row * ITEMS;
//#end
  let shift = first(x[start]);
  var sum = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      sum += total(x[start + i] - shift);
    }
  }
  let mean = reduce_add(sum, lane, subgroup_size) / f32(D);
  var squares = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      squares += square((x[start + i] - shift) - mean);
    }
  }
  let scale = inverseSqrt(reduce_add(squares, lane, subgroup_size) / f32(D) + EPS);
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      var value = ((x[start + i] - shift) - mean) * scale;
//#if GAIN
      value *= g[i];
//#end
//#if BIAS
      value += b[i];
//#end
      y[row * ITEMS + i] = value;
    }
  }
}
