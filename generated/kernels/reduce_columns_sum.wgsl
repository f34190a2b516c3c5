const WG: u32 = 64u;
const D: u32 = 36u;
const S: u32 = 1u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

alias Item = f32;
const PER_ITEM: u32 = 1u;

fn total(x: Item) -> f32 {
  return x;
}

fn square(x: Item) -> f32 {
  return x * x;
}

fn largest(x: Item) -> f32 {
  return x;
}

fn first(x: Item) -> f32 {
  return x;
}

fn product(x: Item) -> f32 {
  return x;
}

const LOWEST: f32 = -0x1.fffffep127;

fn term(x: Item, most: f32) -> Item {
  return x;
}

const NEUTRAL: f32 = 0.0;

fn join(a: f32, b: Item) -> f32 {
  return a + total(b);
}

fn result(all: f32, most: f32) -> f32 {
  return all;
}


@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group) * WG + lane;
  if (column >= arrayLength(&y)) {
    return;
  }
  let start = column / S * (D * S) + column % S;
  let most = 0.0;
  var all = NEUTRAL;
  for (var d = 0u; d < D; d++) {
    all = join(all, term(x[start + d * S], most));
  }
  y[column] = result(all, most);
}
