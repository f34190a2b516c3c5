//! Whisper's scale of log-mels: (max(x, max(x) - 8) + 4) / 4, the maximum over all of x. A workgroup a signal.
//! op whisper_scale(x: f32[B,MELS,FRAMES]) -> y: f32[B,MELS,FRAMES]
//! grid B
//! needs B <= 65535
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 256|32|64|128
const WG: u32 = 256u;
//#param MELS 1..
const MELS: u32 = 80u;
//#param FRAMES 1..
const FRAMES: u32 = 3000u;
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"

//#if MELS * FRAMES % 4 == 0
alias Item = vec4<f32>;
const ITEMS: u32 = MELS * FRAMES / 4u;

fn largest(x: Item) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}
//#else
//: alias Item = f32;
//: const ITEMS: u32 = MELS * FRAMES;
//:
//: fn largest(x: Item) -> f32 {
//:   return x;
//: }
//#end
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
  let start = group.x * ITEMS;
  var peak = -3.0e38;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      peak = max(peak, largest(x[start + i]));
    }
  }
  let lowest = Item(reduce_max(peak, lane, subgroup_size) - 8.0);
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      y[start + i] = (max(x[start + i], lowest) + 4.0) / 4.0;
    }
  }
}
