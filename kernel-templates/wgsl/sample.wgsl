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
//#include "lib/draw.wgsl"

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

// The logits are as they are.
fn ready(lane: u32) {}
