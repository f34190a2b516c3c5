//! Convolution where channels share little: depthwise, small groups, small sizes. PX lanes lie along a plane of
//! y, each with TP pixels of a row that lie a strip apart, so that neighbours read neighbours and a decoded
//! weight serves TP pixels; WG / PX such rows of lanes make as many channels.
//! op conv2d(x: f32[B,CIN,IH,IW], w: W[COUT,CIN / GROUPS * KH * KW], b?: f32[COUT], r?: f32[B,COUT,OH,OW]) ->
//!   y: f32[B,COUT,OH,OW]
//! grid ceil(OH * ceil(OW / TP) / PX), ceil(COUT / (WG / PX)), B
//! needs PX <= WG
//! needs ceil(OH * ceil(OW / TP) / PX) <= 65535
//! needs ceil(COUT / (WG / PX)) <= 65535
//! needs B <= 65535
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param PX 64|1|8|32
const PX: u32 = 64u;
//#param TP 4|1|2
const TP: u32 = 4u;
//#include "lib/conv_sizes.wgsl"
const COLUMNS: u32 = GIN * KH * KW;
//#option W f32|f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/format_$W.wgsl"
//#include "lib/weight_at.wgsl"
//#include "lib/conv_finish.wgsl"

const STRIP: u32 = (OW + TP - 1u) / TP;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * PX + lane % PX;
  let channel = group.y * (WG / PX) + lane / PX;
  if (unit >= OH * STRIP || channel >= COUT) {
    return;
  }
  let oh = unit / STRIP;
  let ow = unit % STRIP;
  let first = group.z * CIN + channel / GOUT * GIN;
  var sums: array<f32, TP>;
  for (var c = 0u; c < GIN; c++) {
    for (var kh = 0u; kh < KH; kh++) {
      // Above the input this wraps to a large number: one comparison serves both edges.
      let ih = oh * SH + kh * DH - PT;
      if (ih >= IH) {
        continue;
      }
      let row = ((first + c) * IH + ih) * IW;
      for (var kw = 0u; kw < KW; kw++) {
        let weight = weight_at(channel, (c * KH + kh) * KW + kw);
        //#unroll
        for (var t = 0u; t < TP; t++) {
          let iw = (ow + t * STRIP) * SW + kw * DW - PL;
          sums[t] += weight * select(0.0, x[row + iw], iw < IW);
        }
      }
    }
  }
  //#unroll
  for (var t = 0u; t < TP; t++) {
    if (ow + t * STRIP < OW) {
      finish(group.z, channel, oh * OW + ow + t * STRIP, sums[t]);
    }
  }
}
