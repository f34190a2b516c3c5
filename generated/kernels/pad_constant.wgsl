const WG: u32 = 64u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

const D0: i32 = 2;
const D1: i32 = 3;
const D2: i32 = 4;
const D3: i32 = 5;
const P0: i32 = 1;
const P1: i32 = 2;
const P2: i32 = 0;
const P3: i32 = 3;
const Q0: i32 = 0;
const Q1: i32 = 1;
const Q2: i32 = 3;
const Q3: i32 = 2;
const E0: u32 = u32(P0 + D0 + Q0);
const E1: u32 = u32(P1 + D1 + Q1);
const E2: u32 = u32(P2 + D2 + Q2);
const E3: u32 = u32(P3 + D3 + Q3);
const VALUE: f32 = -1.5;

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

// The place in x, of size d along an axis, whose value stands at i; i may lie outside.
fn place(i: i32, d: i32) -> i32 {
  return clamp(i, 0, d - 1);
}

fn value(i: u32) -> u32 {
  let i3 = i32(i % E3) - P3;
  let i2 = i32(i / E3 % E2) - P2;
  let i1 = i32(i / (E3 * E2) % E1) - P1;
  let i0 = i32(i / (E3 * E2 * E1)) - P0;
  if (min(min(i0, i1), min(i2, i3)) < 0 || i0 >= D0 || i1 >= D1 || i2 >= D2 || i3 >= D3) {
    return bitcast<u32>(VALUE);
  }
  return x[((place(i0, D0) * D1 + place(i1, D1)) * D2 + place(i2, D2)) * D3 + place(i3, D3)];
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = flat_group(group) * 4u;
  {
    let i = (first + 0u) * WG + lane;
    if (i < E0 * E1 * E2 * E3) {
      y[i] = value(i);
    }
  }
  {
    let i = (first + 1u) * WG + lane;
    if (i < E0 * E1 * E2 * E3) {
      y[i] = value(i);
    }
  }
  {
    let i = (first + 2u) * WG + lane;
    if (i < E0 * E1 * E2 * E3) {
      y[i] = value(i);
    }
  }
  {
    let i = (first + 3u) * WG + lane;
    if (i < E0 * E1 * E2 * E3) {
      y[i] = value(i);
    }
  }
}
