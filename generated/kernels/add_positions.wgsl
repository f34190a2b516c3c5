const WG: u32 = 64u;
const D: u32 = 1u;
const OFFSET: u32 = 0u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

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


@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let start = (step.past + OFFSET) * D;
  // Neighbouring lanes take neighbouring elements.
  {
    let i = (flat_group(group) * 4u + 0u) * WG + lane;
    if (i < arrayLength(&y)) {
      y[i] = x[i] + table[start + i];
    }
  }
  {
    let i = (flat_group(group) * 4u + 1u) * WG + lane;
    if (i < arrayLength(&y)) {
      y[i] = x[i] + table[start + i];
    }
  }
  {
    let i = (flat_group(group) * 4u + 2u) * WG + lane;
    if (i < arrayLength(&y)) {
      y[i] = x[i] + table[start + i];
    }
  }
  {
    let i = (flat_group(group) * 4u + 3u) * WG + lane;
    if (i < arrayLength(&y)) {
      y[i] = x[i] + table[start + i];
    }
  }
}
