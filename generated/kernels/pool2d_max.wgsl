const WG: u32 = 64u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

const B: u32 = 1u;
const C: u32 = 1u;
const IH: i32 = 1;
const IW: i32 = 1;
const OH: u32 = 1u;
const OW: u32 = 1u;
const KH: i32 = 1;
const KW: i32 = 1;
const SH: i32 = 1;
const SW: i32 = 1;
const DH: i32 = 1;
const DW: i32 = 1;
const PT: i32 = 0;
const PL: i32 = 0;
const PB: i32 = 0;
const PR: i32 = 0;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = flat_group(group) * WG + lane;
  if (i >= B * C * OH * OW) {
    return;
  }
  let plane = i32(i / (OH * OW)) * IH * IW;
  let top = i32(i / OW % OH) * SH - PT;
  let left = i32(i % OW) * SW - PL;
  var result = -3.4028234e38;
  for (var kh = 0; kh < KH; kh++) {
    let h = top + kh * DH;
    for (var kw = 0; kw < KW; kw++) {
      let w = left + kw * DW;
      if (h >= 0 && h < IH && w >= 0 && w < IW) {
        result = max(result, x[plane + h * IW + w]);
      }
    }
  }
  y[i] = result;
}
