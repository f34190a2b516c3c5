const WG: u32 = 64u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

const D0: u32 = 1u;
const D1: u32 = 1u;
const D2: u32 = 1u;
const D3: u32 = 1u;
const D4: u32 = 1u;
const D5: u32 = 1u;
const X0: i32 = 2;
const XS0: i32 = 0;
const XS1: i32 = 0;
const XS2: i32 = 0;
const XS3: i32 = 0;
const XS4: i32 = 0;
const XS5: i32 = 1;
const TOTAL: u32 = D0 * D1 * D2 * D3 * D4 * D5;

alias Item = u32;
const WIDTH: u32 = 1u;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> y: array<Item>;

// Where element i of y comes from.
fn source(i: u32) -> u32 {
  var rest = i;
  var at = X0 + i32(rest % D5) * XS5;
  rest /= D5;
  at += i32(rest % D4) * XS4;
  rest /= D4;
  at += i32(rest % D3) * XS3;
  rest /= D3;
  at += i32(rest % D2) * XS2;
  rest /= D2;
  at += i32(rest % D1) * XS1;
  return u32(at + i32(rest / D1) * XS0);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = flat_group(group) * (4u / WIDTH);
  // Neighbouring lanes take neighbouring items.
  {
    let i = (first + 0u) * WG + lane;
    if (i < TOTAL / WIDTH) {
      y[i] = x[source(i * WIDTH) / WIDTH];
    }
  }
  {
    let i = (first + 1u) * WG + lane;
    if (i < TOTAL / WIDTH) {
      y[i] = x[source(i * WIDTH) / WIDTH];
    }
  }
  {
    let i = (first + 2u) * WG + lane;
    if (i < TOTAL / WIDTH) {
      y[i] = x[source(i * WIDTH) / WIDTH];
    }
  }
  {
    let i = (first + 3u) * WG + lane;
    if (i < TOTAL / WIDTH) {
      y[i] = x[source(i * WIDTH) / WIDTH];
    }
  }
}
