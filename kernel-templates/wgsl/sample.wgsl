//! Appends the next token. One workgroup. Greedy is one pass over the logits. A draw adds to each logit /
//! temperature a Gumbel number (a hash of seed, position and id) and takes the largest, among the ids that
//! top-k and top-p leave: those whose logit is at least a threshold.
//! op sample(logits: f32[1,V], tokens: u32[C + 1]) -> tokens: u32[C + 1]
//! grid 1
//! needs V <= 16777216
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 256|32|64|128
const WG: u32 = 256u;
//#param V 1..
const V: u32 = 64u;
//#include "lib/step.wgsl"
const LANES: u32 = WG;
alias Reduced = vec4<f32>;
//#include "lib/reduce.wgsl"
//#include "lib/gumbel.wgsl"

// Logits are read four at a time, UNROLL times in flight.
//#param UNROLL 4|1|2
const UNROLL: u32 = 4u;
const QUADS: u32 = (V + 3u) / 4u;
const TURNS: u32 = (QUADS + UNROLL * WG - 1u) / (UNROLL * WG);
// Turns of loops that are not unrolled: what a draw does to each logit is long (exp, log), and slow to compile.
const SHORT_TURNS: u32 = (QUADS + WG - 1u) / WG;
// Stands for ids beyond V: no logit is below it, and real ids come first.
const LOWEST: f32 = -3.4028234e38;

//#if V % 4 == 0
@group(0) @binding(0) var<storage, read_write> logits: array<vec4<f32>>;

fn logit_quad(quad: u32) -> vec4<f32> {
  return select(vec4<f32>(LOWEST), logits[min(quad, QUADS - 1u)], quad < QUADS);
}
//#else
//: @group(0) @binding(0) var<storage, read_write> logits: array<f32>;
//:
//: fn logit_quad(quad: u32) -> vec4<f32> {
//:   let id = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
//:   let i = min(id, vec4<u32>(V - 1u));
//:   let values = vec4<f32>(logits[i.x], logits[i.y], logits[i.z], logits[i.w]);
//:   return select(vec4<f32>(LOWEST), values, id < vec4<u32>(V));
//: }
//#end
@group(0) @binding(1) var<storage, read_write> tokens: array<u32>;

// The quad that a lane reads in load u of a turn: neighbours read neighbours, and ids ascend.
fn quad_at(turn: u32, u: u32, lane: u32) -> u32 {
  return (turn * UNROLL + u) * WG + lane;
}

// The ids of a quad.
fn ids_of(quad: u32) -> vec4<u32> {
  return quad * 4u + vec4<u32>(0u, 1u, 2u, 3u);
}

// A candidate for each place in a quad.
struct Best {
  value: vec4<f32>,
  id: vec4<u32>,
}

// Ids ascend, so the first of equals stays.
fn better(best: Best, value: vec4<f32>, id: vec4<u32>) -> Best {
  let more = value > best.value;
  return Best(select(best.value, value, more), select(best.id, id, more));
}

fn largest(x: vec4<f32>) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

struct Choice {
  value: f32,
  id: u32,
}

// The largest value of all lanes, the lowest id among equals. Ids below 2^24 are exact as floats.
fn best_of_all(best: Best, lane: u32, size: u32) -> Choice {
  let value = largest(reduce_max(best.value, lane, size));
  let id = select(vec4<f32>(-0x1p24), -vec4<f32>(best.id), best.value == vec4<f32>(value));
  return Choice(value, u32(-largest(reduce_max(id, lane, size))));
}

// The best of this lane.
fn argmax(lane: u32) -> Best {
  var best = Best(vec4<f32>(LOWEST), ids_of(lane));
  for (var turn = 0u; turn < TURNS; turn++) {
    //#unroll
    for (var u = 0u; u < UNROLL; u++) {
      let quad = quad_at(turn, u, lane);
      best = better(best, logit_quad(quad), ids_of(quad));
    }
  }
  return best;
}

//#include "lib/threshold.wgsl"

// The best of this lane after a draw among the logits that are at least `least`.
fn draw(least: f32, highest: f32, lane: u32) -> Best {
  let stream = mix(mix(vec4<u32>(step.seed)) ^ vec4<u32>(step.past + step.seq));
  var best = Best(vec4<f32>(LOWEST), ids_of(lane));
  for (var turn = 0u; turn < SHORT_TURNS; turn++) {
    let quad = turn * WG + lane;
    let ids = ids_of(quad);
    let values = logit_quad(quad);
    let kept = (values >= vec4<f32>(least)) & (ids < vec4<u32>(V));
    if (any(kept)) {
      // Relative to the highest, so that a low temperature does not drown the Gumbel number in rounding.
      let scores = (values - highest) / step.temperature + gumbel(mix(stream ^ ids));
      best = better(best, select(vec4<f32>(LOWEST), scores, kept), ids);
    }
  }
  return best;
}

@compute @workgroup_size(WG)
fn main(
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  if (step.sample == 0u) {
    return;
  }
  let own = argmax(lane);
  var choice = best_of_all(own, lane, subgroup_size);
  if (step.temperature > 0.0) {
    let highest = choice.value;
    var least = LOWEST;
    if (step.top_k > 0u || step.top_p < 1.0) {
      least = threshold(largest(own.value), highest, lane, subgroup_size);
    }
    choice = best_of_all(draw(least, highest, lane), lane, subgroup_size);
  }
  if (lane == 0u) {
    tokens[step.past + step.seq] = choice.id;
  }
}
