const WG: u32 = 64u;
const D: u32 = 1u;
const F: u32 = 1u;
const TOKEN: u32 = 9u;
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


@group(0) @binding(0) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(1) var<storage, read_write> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> features: array<u32>;
@group(0) @binding(5) var<storage, read_write> y: array<u32>;

var<workgroup> before: atomic<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let position = step.past + row;
  // WGSL has it 0 already; not every driver does.
  if (lane == 0u) {
    atomicStore(&before, 0u);
  }
  workgroupBarrier();
  var own = 0u;
  for (var p = lane; p < position; p += WG) {
    own += select(0u, 1u, tokens[p] == TOKEN);
  }
  atomicAdd(&before, own);
  workgroupBarrier();
  let n = atomicLoad(&before);
  let taken = tokens[position] == TOKEN;
  let index = n;
  let start = min(index, F - 1u) * D;
  for (var i = lane; i < D; i += WG) {
    var value = x[row * D + i];
    if (taken) {
      value = features[start + i];
    }
    y[row * D + i] = value;
  }
}
