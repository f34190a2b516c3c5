const WG: u32 = 64u;
const D: u32 = 1u;
const S: u32 = 1u;
const SCALE: f32 = 1.0;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

const LOWEST: f32 = -0x1.fffffep127;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

fn value_at(i: u32) -> f32 {
  return max(x[i], LOWEST);
}

// At most 0. Its exp is 0 long before the bound, which keeps differences of infinite size out.
fn exponent(i: u32, most: f32) -> f32 {
  return max((value_at(i) - most) * SCALE, -200.0);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group) * WG + lane;
  if (column >= arrayLength(&y) / D) {
    return;
  }
  let start = column / S * (D * S) + column % S;
  var most = LOWEST;
  for (var d = 0u; d < D; d++) {
    most = max(most, value_at(start + d * S));
  }
  var sum = 0.0;
  for (var d = 0u; d < D; d++) {
    sum += exp(exponent(start + d * S, most));
  }
  for (var d = 0u; d < D; d++) {
    let i = start + d * S;
    y[i] = exp(exponent(i, most)) / sum;
  }
}
