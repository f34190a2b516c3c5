const WG: u32 = 64u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

const CUBIC_A: f32 = -0.75;
const B: u32 = 2u;
const C: u32 = 3u;
const IH: i32 = 3;
const IW: i32 = 5;
const OH: u32 = 6u;
const OW: u32 = 7u;
const MUL_H: i32 = 2;
const ADD_H: i32 = -1;
const DIV_H: i32 = 4;
const MUL_W: i32 = 5;
const ADD_W: i32 = -1;
const DIV_W: i32 = 7;
const TAPS: i32 = 1;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

// Neighbours along an axis, the first of them and the weight of each.
struct Taps {
  first: i32,
  weights: vec4<f32>,
}

fn taps(at: i32, divisor: i32, size: i32) -> Taps {
  // Division rounds towards zero; this goes down. (Vulkan leaves the remainder of a negative number undefined.)
  let towards = at / divisor;
  let whole = towards - i32(towards * divisor > at);
  let rest = at - whole * divisor;
return Taps(whole, vec4<f32>(1.0));
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = flat_group(group) * WG + lane;
  if (i >= B * C * OH * OW) {
    return;
  }
  let plane = i32(i / (OH * OW)) * IH;
  let rows = taps(i32(i / OW % OH) * MUL_H + ADD_H, DIV_H, IH);
  let columns = taps(i32(i % OW) * MUL_W + ADD_W, DIV_W, IW);
  var sum = 0.0;
  {
    let row = (plane + clamp(rows.first + 0i, 0, IH - 1)) * IW;
    var line = 0.0;
    {
      line += columns.weights[0i] * x[row + clamp(columns.first + 0i, 0, IW - 1)];
    }
    sum += rows.weights[0i] * line;
  }
  y[i] = sum;
}
