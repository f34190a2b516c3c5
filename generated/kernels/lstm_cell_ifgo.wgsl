const WG: u32 = 64u;
const HID: u32 = 1u;
const F: u32 = 1u;
const C: u32 = 2u;
const O: u32 = 3u;
fn open(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(min(-x, 80.0)));
}

fn squash(x: f32) -> f32 {
  return tanh(clamp(x, -15.0, 15.0));
}


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
