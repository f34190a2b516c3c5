//! penalize and sample as one workgroup: where there is a penalty it makes y of the logits, and draws from that.
//! op sample_penalized(logits: f32[1,V], tokens: u32[C + 1]) -> (tokens: u32[C + 1], y: f32[1,V])
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

fn given_quad(quad: u32) -> vec4<f32> {
  return select(vec4<f32>(LOWEST), logits[min(quad, QUADS - 1u)], quad < QUADS);
}
//#else
//: @group(0) @binding(0) var<storage, read_write> logits: array<f32>;
//:
//: fn given_quad(quad: u32) -> vec4<f32> {
//:   let id = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
//:   let i = min(id, vec4<u32>(V - 1u));
//:   let values = vec4<f32>(logits[i.x], logits[i.y], logits[i.z], logits[i.w]);
//:   return select(vec4<f32>(LOWEST), values, id < vec4<u32>(V));
//: }
//#end
@group(0) @binding(1) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn has_penalty() -> bool {
  return step.penalty != 0.0 && step.penalty != 1.0;
}

fn logit_quad(quad: u32) -> vec4<f32> {
  if (!has_penalty()) {
    return given_quad(quad);
  }
  let id = ids_of(quad);
  let i = min(id, vec4<u32>(V - 1u));
  return select(vec4<f32>(LOWEST), vec4<f32>(y[i.x], y[i.y], y[i.z], y[i.w]), id < vec4<u32>(V));
}

// An id that occurs twice is written twice alike.
fn ready(lane: u32) {
  if (has_penalty()) {
    for (var quad = lane; quad < QUADS; quad += WG) {
      let values = given_quad(quad);
      //#unroll
      for (var j = 0u; j < 4u; j++) {
        if (V % 4u == 0u || quad * 4u + j < V) {
          y[quad * 4u + j] = values[j];
        }
      }
    }
  }
  storageBarrier();
  if (has_penalty()) {
    for (var p = lane; p < step.past + step.seq; p += WG) {
      let id = min(tokens[p], V - 1u);
      let logit = given_quad(id / 4u)[id % 4u];
      y[id] = select(logit * step.penalty, logit / step.penalty, logit > 0.0);
    }
  }
  storageBarrier();
}
