const WG: u32 = 64u;
const HID: u32 = 1u;
const R: u32 = 0u;
const Z: u32 = 1u;
const N: u32 = 2u;
fn open(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(min(-x, 80.0)));
}

fn squash(x: f32) -> f32 {
  return tanh(clamp(x, -15.0, 15.0));
}


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
  let r = open(gx[gate + R * HID] + gh[gate + R * HID]);
  let fresh = squash(gx[gate + N * HID] + r * gh[gate + N * HID]);
  y[i] = (1.0 - z) * fresh + z * h[i];
}
