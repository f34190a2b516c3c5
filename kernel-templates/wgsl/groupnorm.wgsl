//! A group of channels normalised over channels and places, times g plus b by channel, then ACT. One workgroup a
//! group. A group's first element is taken off all others before they are summed: a mean far from zero costs no
//! digits.
//! op groupnorm(x: f32[B,C,S], g?: f32[C], b?: f32[C]) -> y: f32[B,C,S]
//! grid GROUPS, B
//! needs C % GROUPS == 0 && GROUPS <= 65535 && B <= 65535
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 256|32|64|128
const WG: u32 = 256u;
//#param C 1..
const C: u32 = 64u;
//#param S 1..
const S: u32 = 64u;
//#param GROUPS 1..
const GROUPS: u32 = 32u;
//#param EPS 0.0..
const EPS: f32 = 0.00001;
//#option GAIN true|false
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"
//#include "lib/act.wgsl"
// A quad is of one channel.
//#if S % 4 == 0
//#include "lib/items_4.wgsl"
//#else
//#include "lib/items_1.wgsl"
//#end
const CHANNELS: u32 = C / GROUPS;
const PLACES: u32 = S / PER_ITEM;
const ITEMS: u32 = CHANNELS * PLACES;
const TURNS: u32 = (ITEMS + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
//#if GAIN
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
//#end
@group(0) @binding(3) var<storage, read_write> y: array<Item>;

//#if S % 4 == 0
fn act_item(x: Item) -> Item {
  return Item(act(x.x), act(x.y), act(x.z), act(x.w));
}
//#else
//: fn act_item(x: Item) -> Item {
//:   return act(x);
//: }
//#end

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let start = (group.y * GROUPS + group.x) * ITEMS;
  let shift = first(x[start]);
  var sum = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      sum += total(x[start + i] - shift);
    }
  }
  let mean = reduce_add(sum, lane, subgroup_size) / f32(CHANNELS * S);
  var squares = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      squares += square((x[start + i] - shift) - mean);
    }
  }
  let scale = inverseSqrt(reduce_add(squares, lane, subgroup_size) / f32(CHANNELS * S) + EPS);
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      var value = ((x[start + i] - shift) - mean) * scale;
//#if GAIN
      let channel = group.x * CHANNELS + i / PLACES;
      value = value * g[channel] + b[channel];
//#end
      y[start + i] = act_item(value);
    }
  }
}
