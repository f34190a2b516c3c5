//! A step of a GRU after its products: n = tanh(gx_n + open(r) gh_n), y = (1 - open(z)) n + open(z) h. ORDER:
//! how the three gates are stacked; rzn in PyTorch, zrn in ONNX. RESET before: gh_n has met the reset gate.
//! op gru_cell(gx: f32[B,3 * HID], gh: f32[B,3 * HID], h: f32[B,HID]) -> y: f32[B,HID]
//! grid ceil(HID / WG), B
//! needs B <= 65535
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param HID 1..
const HID: u32 = 64u;
//#option ORDER rzn|zrn
//#option RESET after|before
//#if ORDER == zrn
//: const Z: u32 = 0u;
//: const R: u32 = 1u;
//#else
const R: u32 = 0u;
const Z: u32 = 1u;
//#end
const N: u32 = 2u;
//#include "lib/gates.wgsl"

@group(0) @binding(0) var<storage, read_write> gx: array<f32>;
@group(0) @binding(1) var<storage, read_write> gh: array<f32>;
@group(0) @binding(2) var<storage, read_write> h: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let k = group.x * WG + lane;
  if (k >= HID) {
    return;
  }
  let i = group.y * HID + k;
  let gate = group.y * 3u * HID + k;
  let z = open(gx[gate + Z * HID] + gh[gate + Z * HID]);
//#if RESET == before
//: let fresh = squash(gx[gate + N * HID] + gh[gate + N * HID]);
//#else
  let r = open(gx[gate + R * HID] + gh[gate + R * HID]);
  let fresh = squash(gx[gate + N * HID] + r * gh[gate + N * HID]);
//#end
  y[i] = (1.0 - z) * fresh + z * h[i];
}
