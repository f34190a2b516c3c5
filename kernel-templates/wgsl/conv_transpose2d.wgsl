//! Transposed convolution, gathered: each pixel of y sums the pixels of x whose kernel reaches it, so nothing is
//! added to memory that another lane writes. A lane makes TP pixels of a row, SW apart: the same taps meet
//! them, at neighbouring pixels of x, and a decoded weight serves them all. PX lanes lie along a plane of y;
//! WG / PX such rows of lanes make as many channels.
//! op conv_transpose2d(x: f32[B,CIN,IH,IW], w: W[CIN,COUT / GROUPS * KH * KW], b?: f32[COUT], r?: f32[B,COUT,OH,OW]) ->
//!   y: f32[B,COUT,OH,OW]
//! grid ceil(OH * SW * ceil(OW / (TP * SW)) / PX), ceil(COUT / (WG / PX)), B
//! needs PX <= WG
//! needs ceil(OH * SW * ceil(OW / (TP * SW)) / PX) <= 65535
//! needs ceil(COUT / (WG / PX)) <= 65535
//! needs B <= 65535
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param PX 64|1|8|32
const PX: u32 = 64u;
//#param TP 4|1|2
const TP: u32 = 4u;
//#include "lib/conv_sizes.wgsl"
const COLUMNS: u32 = GOUT * KH * KW;
//#option W f32|f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/format_$W.wgsl"
//#include "lib/weight_at.wgsl"
//#include "lib/conv_finish.wgsl"

// Lanes of a row of y: SW neighbours, then SW that begin TP * SW later.
const STRIP: u32 = (OW + TP * SW - 1u) / (TP * SW) * SW;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * PX + lane % PX;
  let channel = group.y * (WG / PX) + lane / PX;
  if (unit >= OH * STRIP || channel >= COUT) {
    return;
  }
  let oh = unit / STRIP;
  let ow = unit % STRIP / SW * TP * SW + unit % SW;
  let first = channel / GOUT * GIN;
  var sums: array<f32, TP>;
  for (var kh = 0u; kh < KH; kh++) {
    // The row of x that meets this tap, if one does; KH * DH rows more keep it positive until it is known, and
    // above the first it wraps to a large number.
    let down = oh + PT + KH * DH * SH - kh * DH;
    let ih = down / SH - KH * DH;
    if (down % SH != 0u || ih >= IH) {
      continue;
    }
    for (var kw = 0u; kw < KW; kw++) {
      // The same for a column; the lane's other pixels meet its right neighbours.
      let right = ow + PL + KW * DW * SW - kw * DW;
      let iw = right / SW - KW * DW;
      if (right % SW != 0u) {
        continue;
      }
      for (var c = 0u; c < GIN; c++) {
        let weight = weight_at(first + c, (channel % GOUT * KH + kh) * KW + kw);
        let row = ((group.z * CIN + first + c) * IH + ih) * IW;
        //#unroll
        for (var t = 0u; t < TP; t++) {
          let at = iw + t;
          sums[t] += weight * select(0.0, x[row + at], at < IW);
        }
      }
    }
  }
  //#unroll
  for (var t = 0u; t < TP; t++) {
    if (ow + t * SW < OW) {
      finish(group.z, channel, oh * OW + ow + t * SW, sums[t]);
    }
  }
}
