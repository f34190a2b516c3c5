const WG: u32 = 256u;
const D: u32 = 513u;
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

const PIECE: u32 = (D + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let column = flat_group(group);
  if (column >= arrayLength(&y) / D) {
    return;
  }
  let start = column / S * (D * S) + column % S;
  var own = 0.0;
  for (var j = 0u; j < PIECE; j++) {
    let turn = lane * PIECE + j;
    if (turn < D) {
      own += x[start + place(turn) * S];
    }
  }
  // After step k, a cell holds the sum of 2^k pieces up to its own (Hillis and Steele).
  var upto = own;
  sums[lane] = upto;
  workgroupBarrier();
  {
    if (lane >= 1u) {
      upto += sums[lane - 1u];
    }
    workgroupBarrier();
    sums[lane] = upto;
    workgroupBarrier();
  }
  {
    if (lane >= 2u) {
      upto += sums[lane - 2u];
    }
    workgroupBarrier();
    sums[lane] = upto;
    workgroupBarrier();
  }
  {
    if (lane >= 4u) {
      upto += sums[lane - 4u];
    }
    workgroupBarrier();
    sums[lane] = upto;
    workgroupBarrier();
  }
  {
    if (lane >= 8u) {
      upto += sums[lane - 8u];
    }
    workgroupBarrier();
    sums[lane] = upto;
    workgroupBarrier();
  }
  {
    if (lane >= 16u) {
      upto += sums[lane - 16u];
    }
    workgroupBarrier();
    sums[lane] = upto;
    workgroupBarrier();
  }
  {
    if (lane >= 32u) {
      upto += sums[lane - 32u];
    }
    workgroupBarrier();
    sums[lane] = upto;
    workgroupBarrier();
  }
  {
    if (lane >= 64u) {
      upto += sums[lane - 64u];
    }
    workgroupBarrier();
    sums[lane] = upto;
    workgroupBarrier();
  }
  {
    if (lane >= 128u) {
      upto += sums[lane - 128u];
    }
    workgroupBarrier();
    sums[lane] = upto;
    workgroupBarrier();
  }
  var sum = 0.0;
  if (lane > 0u) {
    sum = sums[lane - 1u];
  }
  for (var j = 0u; j < PIECE; j++) {
    let turn = lane * PIECE + j;
    if (turn < D) {
      let i = start + place(turn) * S;
      let after = sum + x[i];
      y[i] = put(sum, after);
      sum = after;
    }
  }
}
