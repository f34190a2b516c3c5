//! A step of an LSTM after its products: cy = open(f) c + open(i) tanh(g), h = open(o) tanh(cy). ORDER: how the
//! four gates are stacked; ifgo in PyTorch, iofg in ONNX.
//! op lstm_cell(gates: f32[B,4 * HID], c: f32[B,HID]) -> (h: f32[B,HID], cy: f32[B,HID])
//! grid ceil(HID / WG), B
//! needs B <= 65535
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param HID 1..
const HID: u32 = 64u;
//#option ORDER ifgo|iofg
//#if ORDER == iofg
//: const O: u32 = 1u;
//: const F: u32 = 2u;
//: const C: u32 = 3u;
//#else
const F: u32 = 1u;
const C: u32 = 2u;
const O: u32 = 3u;
//#end
//#include "lib/gates.wgsl"

@group(0) @binding(0) var<storage, read_write> gates: array<f32>;
@group(0) @binding(1) var<storage, read_write> c: array<f32>;
@group(0) @binding(2) var<storage, read_write> h: array<f32>;
@group(0) @binding(3) var<storage, read_write> cy: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let k = group.x * WG + lane;
  if (k >= HID) {
    return;
  }
  let i = group.y * HID + k;
  let gate = group.y * 4u * HID + k;
  let cell = open(gates[gate + F * HID]) * c[i] + open(gates[gate]) * squash(gates[gate + C * HID]);
  cy[i] = cell;
  h[i] = open(gates[gate + O * HID]) * squash(cell);
}
