const WG: u32 = 256u;
const T: u32 = 1u;
const HID: u32 = 1u;
fn open(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(min(-x, 80.0)));
}

fn squash(x: f32) -> f32 {
  return tanh(clamp(x, -15.0, 15.0));
}

const UNITS: u32 = (HID + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> gates: array<f32>;
@group(0) @binding(1) var<storage, read> u: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

var<workgroup> before: array<f32, HID>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  var cells: array<f32, UNITS>;
  var made: array<f32, UNITS>;
  for (var i = 0u; i < UNITS; i++) {
    if (i * WG + lane < HID) {
      before[i * WG + lane] = 0.0;
    }
  }
  for (var t = 0u; t < T; t++) {
    workgroupBarrier();
    let row = group.x * T + t;
    for (var i = 0u; i < UNITS; i++) {
      let k = i * WG + lane;
      if (k < HID) {
        let gate = row * 4u * HID + k;
        var sums = vec4(gates[gate], gates[gate + HID], gates[gate + 2u * HID], gates[gate + 3u * HID]);
        for (var j = 0u; j < HID; j++) {
          let at = j * 4u * HID + k;
          sums += before[j] * vec4(u[at], u[at + HID], u[at + 2u * HID], u[at + 3u * HID]);
        }
        cells[i] = open(sums.y) * cells[i] + open(sums.x) * squash(sums.z);
        made[i] = open(sums.w) * squash(cells[i]);
        y[row * HID + k] = made[i];
      }
    }
    workgroupBarrier();
    for (var i = 0u; i < UNITS; i++) {
      if (i * WG + lane < HID) {
        before[i * WG + lane] = made[i];
      }
    }
  }
}
