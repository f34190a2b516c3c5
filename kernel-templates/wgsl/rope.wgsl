//! Rotary positions: turns the pairs (i, i + HD/2) of each head. A lane turns one pair.
//! op rope(x: f32[M, H * HD], table: f32[ceil(C / 64) + 64, HD / 2, 2]) -> y: f32[M, H * HD]
//! grid ceil(H * HD / (2 * WG)), M
//! needs HD % 2 == 0
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param H 1..
const H: u32 = 4u;
//#include "lib/rotation.wgsl"
//#include "lib/step.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let pair = group.x * WG + lane;
  if (pair >= H * HALF) {
    return;
  }
  let i = pair % HALF;
  let at = (group.y * H + pair / HALF) * HD + i;
  let turn = rotation(step.past + group.y, i);
  let a = x[at];
  let b = x[at + HALF];
  y[at] = a * turn.x - b * turn.y;
  y[at + HALF] = a * turn.y + b * turn.x;
}
