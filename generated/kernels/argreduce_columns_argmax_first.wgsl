const WG: u32 = 64u;
const D: u32 = 1u;
const S: u32 = 1u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}


// Elements so that the largest is wanted.
fn key(x: f32) -> f32 {
  return x;
}

// Whether a later element takes the place of the best before it.
fn better(later: f32, best: f32) -> bool {
  return later > best;
}


@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group) * WG + lane;
  if (column >= arrayLength(&y)) {
    return;
  }
  let start = column / S * (D * S) + column % S;
  var at = 0u;
  var best = key(x[start]);
  for (var d = 1u; d < D; d++) {
    let value = key(x[start + d * S]);
    if (better(value, best)) {
      best = value;
      at = d;
    }
  }
  y[column] = at;
}
