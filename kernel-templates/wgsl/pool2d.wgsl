//! The largest or the mean of each window of KH x KW taps, SH x SW apart, over x as if padded. A lane makes an
//! element; windows may lie partly outside. COUNT_PAD: the mean counts the padding (PT, PL, PB, PR) as zeros, but
//! nothing beyond it.
//! op pool2d(x: f32[B,C,IH,IW]) -> y: f32[B,C,OH,OW]
//! grid min(ceil(B * C * OH * OW / WG), FOLD), ceil(B * C * OH * OW / (WG * FOLD))
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#include "lib/fold.wgsl"
//#option OP max|avg
//#option COUNT_PAD false|true
//#param B 1..
const B: u32 = 1u;
//#param C 1..
const C: u32 = 1u;
//#param IH 1..
const IH: i32 = 8;
//#param IW 1..
const IW: i32 = 8;
//#param OH 1..
const OH: u32 = 8u;
//#param OW 1..
const OW: u32 = 8u;
//#param KH 1..
const KH: i32 = 1;
//#param KW 1..
const KW: i32 = 1;
//#param SH 1..
const SH: i32 = 1;
//#param SW 1..
const SW: i32 = 1;
//#param DH 1..
const DH: i32 = 1;
//#param DW 1..
const DW: i32 = 1;
//#param PT 0..
const PT: i32 = 0;
//#param PL 0..
const PL: i32 = 0;
//#param PB 0..
const PB: i32 = 0;
//#param PR 0..
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
//#if OP == max
  var result = -3.4028234e38;
//#else
//: var result = 0.0;
//: var count = 0u;
//#end
  for (var kh = 0; kh < KH; kh++) {
    let h = top + kh * DH;
    for (var kw = 0; kw < KW; kw++) {
      let w = left + kw * DW;
//#if OP == avg && COUNT_PAD
//:   count += u32(h < IH + PB && w < IW + PR);
//#end
      if (h >= 0 && h < IH && w >= 0 && w < IW) {
//#if OP == max
        result = max(result, x[plane + h * IW + w]);
//#else
//:     result += x[plane + h * IW + w];
//#if !COUNT_PAD
//:     count++;
//#end
//#end
      }
    }
  }
//#if OP == max
  y[i] = result;
//#else
//: y[i] = result / f32(max(count, 1u));
//#end
}
