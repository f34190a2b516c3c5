const WG: u32 = 64u;
const D: u32 = 1u;
const S: u32 = 1u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

const REVERSE: bool = false;

// The element that comes as number `turn` of D.
fn place(turn: u32) -> u32 {
  return select(turn, D - 1u - turn, REVERSE);
}

fn put(before: f32, after: f32) -> f32 {
  return after;
}


@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group) * WG + lane;
  if (column >= arrayLength(&y) / D) {
    return;
  }
  let start = column / S * (D * S) + column % S;
  var sum = 0.0;
  for (var turn = 0u; turn < D; turn++) {
    let i = start + place(turn) * S;
    let after = sum + x[i];
    y[i] = put(sum, after);
    sum = after;
  }
}
