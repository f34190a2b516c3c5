//! Repetition penalty: y is the logits, those of ids among the tokens so far divided by step.penalty where they
//! are positive, else multiplied. A workgroup copies PER_LANE * WG ids, then looks through the history for them; an
//! id that occurs twice is written twice alike.
//! op penalize(logits: f32[1,V], tokens: u32[C + 1]) -> y: f32[1,V]
//! grid ceil(V / (4 * WG))
//! needs V <= 65535 * (4 * WG)
//#param WG 256|32|64|128
const WG: u32 = 256u;
//#param V 1..
const V: u32 = 64u;
const PER_LANE: u32 = 4u;
//#include "lib/step.wgsl"

@group(0) @binding(0) var<storage, read_write> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = group.x * PER_LANE * WG;
  let end = min(first + PER_LANE * WG, V);
  for (var i = 0u; i < PER_LANE; i++) {
    let id = first + i * WG + lane;
    if (id < V) {
      y[id] = logits[id];
    }
  }
  storageBarrier();
  if (step.penalty == 0.0 || step.penalty == 1.0) {
    return;
  }
  for (var p = lane; p < step.past + step.seq; p += WG) {
    let id = tokens[p];
    if (id >= first && id < end) {
      let logit = logits[id];
      y[id] = select(logit * step.penalty, logit / step.penalty, logit > 0.0);
    }
  }
}
