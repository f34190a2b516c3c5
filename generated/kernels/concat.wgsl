const WG: u32 = 64u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

const A: u32 = 1u;
const D: u32 = 2u;
const DA: u32 = 1u;
const DB: u32 = 1u;
const DC: u32 = 0u;
const DD: u32 = 0u;
const S: u32 = 1u;

// Items of a row of each.
alias Item = u32;
const WIDTH: u32 = 1u;
const ROW: u32 = D * S / WIDTH;
const ROW_A: u32 = DA * S / WIDTH;
const ROW_B: u32 = DB * S / WIDTH;
const ROW_C: u32 = DC * S / WIDTH;
const ROW_D: u32 = DD * S / WIDTH;

@group(0) @binding(0) var<storage, read_write> a: array<Item>;
@group(0) @binding(1) var<storage, read_write> b: array<Item>;
@group(0) @binding(4) var<storage, read_write> y: array<Item>;

// Item `at` of a row of y.
fn item(row: u32, at: u32) -> Item {
  if (at < ROW_A) {
    return a[row * ROW_A + at];
  }
  return b[row * ROW_B + at - ROW_A];
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = flat_group(group) * (4u / WIDTH);
  {
    let i = (first + 0u) * WG + lane;
    if (i < A * ROW) {
      y[i] = item(i / ROW, i % ROW);
    }
  }
  {
    let i = (first + 1u) * WG + lane;
    if (i < A * ROW) {
      y[i] = item(i / ROW, i % ROW);
    }
  }
  {
    let i = (first + 2u) * WG + lane;
    if (i < A * ROW) {
      y[i] = item(i / ROW, i % ROW);
    }
  }
  {
    let i = (first + 3u) * WG + lane;
    if (i < A * ROW) {
      y[i] = item(i / ROW, i % ROW);
    }
  }
}
