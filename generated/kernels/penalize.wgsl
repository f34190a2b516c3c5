const WG: u32 = 256u;
const V: u32 = 32000u;
const PER_LANE: u32 = 4u;
struct Step {
  /// Tokens in this step.
  seq: u32,
  /// Tokens in the KV cache before it.
  past: u32,
  seed: u32,
  /// 0: all.
  top_k: u32,
  /// 1: all.
  top_p: f32,
  /// 0: greedy.
  temperature: f32,
  /// 0: don't write the next token.
  sample: u32,
  /// Of repetition; 1: none.
  penalty: f32,
}
@group(0) @binding(15) var<uniform> step: Step;


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
