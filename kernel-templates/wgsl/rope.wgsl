//! Rotary positions: turns the first F pairs of each head, (i, i + F) or (2i, 2i + 1), and copies the rest. A lane
//! takes one pair. POSITIONS: past + row, or given, [P, M], where S0, S1 and S2 pairs follow an axis each: one after
//! the other (sections; kept: of positions that last, [P, L], row m in column past + m), or in turns (interleaved).
//! op rope(x: f32[M, H * HD], table: f32[ceil(C / 64) + 64, F, 2], positions?: u32[P,L]) -> y: f32[M, H * HD]
//! grid ceil(H * HD / (2 * WG)), M
//! needs HD % 2 == 0
//! needs 2 * F <= HD
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param H 1..
const H: u32 = 4u;
//#param HD 2..
const HD: u32 = 64u;
//#param F 1..
const F: u32 = 32u;
//#option FORM half|interleaved
//#option POSITIONS past|sections|kept|interleaved
const HALF: u32 = F;
//#include "lib/rotation_table.wgsl"
//#if POSITIONS == past || POSITIONS == kept
//#include "lib/step.wgsl"
//#end
//#if POSITIONS == kept
//#param L 1..
//: const L: u32 = 64u;
//#end
//#if POSITIONS != past
//#param S0 0..
//: const S0: u32 = 0u;
//#param S1 0..
//: const S1: u32 = 0u;
//#param S2 0..
//: const S2: u32 = 0u;
//: @group(0) @binding(3) var<storage, read_write> positions: array<u32>;
//#end

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

//#if POSITIONS == past
fn position_of(row: u32, rows: u32, i: u32) -> u32 {
  return step.past + row;
}
//#elif POSITIONS == kept
//: fn position_of(row: u32, rows: u32, i: u32) -> u32 {
//:   let axis = select(0u, select(1u, 2u, i >= S0 + S1), i >= S0);
//:   return positions[axis * L + step.past + row];
//: }
//#elif POSITIONS == sections
//: fn position_of(row: u32, rows: u32, i: u32) -> u32 {
//:   let axis = select(0u, select(1u, 2u, i >= S0 + S1), i >= S0);
//:   return positions[axis * rows + row];
//: }
//#else
//: fn position_of(row: u32, rows: u32, i: u32) -> u32 {
//:   let second = i % 3u == 1u && i < 3u * S1;
//:   let third = i % 3u == 2u && i < 3u * S2;
//:   return positions[select(select(0u, 1u, second), 2u, third) * rows + row];
//: }
//#end

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let pair = group.x * WG + lane;
  if (pair >= H * (HD / 2u)) {
    return;
  }
  let i = pair % (HD / 2u);
  let start = (group.y * H + pair / (HD / 2u)) * HD;
  if (i >= F) {
    y[start + 2u * i] = x[start + 2u * i];
    y[start + 2u * i + 1u] = x[start + 2u * i + 1u];
    return;
  }
//#if FORM == half
  let first = start + i;
  let second = start + i + F;
//#else
//: let first = start + 2u * i;
//: let second = start + 2u * i + 1u;
//#end
  let turn = rotation(position_of(group.y, groups.y, i), i);
  let a = x[first];
  let b = x[second];
  y[first] = a * turn.x - b * turn.y;
  y[second] = a * turn.y + b * turn.x;
}
