const WG: u32 = 64u;
const H: u32 = 1u;
const HD: u32 = 2u;
const F: u32 = 1u;
const HALF: u32 = F;

@group(0) @binding(1) var<storage, read> table: array<vec2<f32>>;

// cos and sin of pair i: the complex product of a coarse and a fine entry.
fn rotation(position: u32, i: u32) -> vec2<f32> {
  let a = table[(64u + position / 64u) * HALF + i];
  let b = table[position % 64u * HALF + i];
  return vec2<f32>(a.x * b.x - a.y * b.y, a.y * b.x + a.x * b.y);
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
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

fn position_of(row: u32, rows: u32, i: u32) -> u32 {
  return step.past + row;
}

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let pair = group.x * WG + lane;
  if (pair >= H * (HD / 2u)) {
    return;
  }
  let i = pair % (HD / 2u);
  let start = (group.y * H + pair / (HD / 2u)) * HD;
  if (i >= F) {
    y[start + 2u * i] = x[start + 2u * i];
    y[start + 2u * i + 1u] = x[start + 2u * i + 1u];
    return;
  }
  let first = start + i;
  let second = start + i + F;
  let turn = rotation(position_of(group.y, groups.y, i), i);
  let a = x[first];
  let b = x[second];
  y[first] = a * turn.x - b * turn.y;
  y[second] = a * turn.y + b * turn.x;
}
