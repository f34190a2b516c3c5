//! A row of activations that the workgroup quantises before it multiplies: what lib/x_bytes.wgsl has, of one row, in
//! workgroup memory. A lane takes 8 columns at a time, four lanes a block of 32. The kernel declares WG, UNIT, and the
//! weights' format.
//#include "lib/dot16.wgsl"
// Columns that the words of a row have, a multiple of 32; 0 beyond K.
const X_PARTS: u32 = ROW_WORDS * WORD_BYTES;
const X_TURNS: u32 = (2u * X_PARTS + WG - 1u) / WG;
const RAGGED: bool = X_TURNS * WG * 8u != K;
// Parts of a unit, and blocks: of words of 16 columns, two share one.
const UNIT_PARTS: u32 = UNIT * WORD_BYTES;
const UNIT_BLOCKS: u32 = (UNIT_PARTS + 1u) / 2u;
const BLOCK_ROW: u32 = X_PARTS / 2u / UNIT_BLOCKS;
// The whole workgroup reads x once.
const NORM_TEAMS: u32 = WG / LANES;

// In halves; neighbouring lanes read neighbours. What is the same for all lanes is an index of its own: an address and
// offsets then reach all that a lane reads.
var<workgroup> x_parts: array<array<array<vec2<u32>, 2>, UNITS>, UNIT_PARTS>;
// Scales and sums, likewise.
var<workgroup> x_steps: array<array<vec2<u32>, BLOCK_ROW>, UNIT_BLOCKS>;

// What four lanes side by side have, largest or together.
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: fn team_max(value: f32, lane: u32) -> f32 {
//:   let pair = max(value, subgroupShuffleXor(value, 1u));
//:   return max(pair, subgroupShuffleXor(pair, 2u));
//: }
//:
//: fn team_add(value: f32, lane: u32) -> f32 {
//:   let pair = value + subgroupShuffleXor(value, 1u);
//:   return pair + subgroupShuffleXor(pair, 2u);
//: }
//:
//: // What the squares of subgroups of 4 lanes or more come to.
//: var<workgroup> team_squares: array<f32, WG / 4u>;
//:
//: fn note_squares(lane: u32, size: u32) {
//:   let total = subgroupAdd(squares);
//:   if (lane % size == 0u) {
//:     team_squares[lane / size] = total;
//:   }
//: }
//:
//: fn sum_scale(lane: u32, size: u32) -> f32 {
//:   var total = team_squares[0];
//:   for (var i = 1u; i < WG / 4u; i++) {
//:     if (i * size >= WG) {
//:       break;
//:     }
//:     total += team_squares[i];
//:   }
//:   return inverseSqrt(total / f32(K) + EPS);
//: }
//#else
var<workgroup> teams: array<f32, WG>;

fn team_max(value: f32, lane: u32) -> f32 {
  teams[lane] = value;
  workgroupBarrier();
  let best = max(max(value, teams[lane ^ 1u]), max(teams[lane ^ 2u], teams[lane ^ 3u]));
  workgroupBarrier();
  return best;
}

fn team_add(value: f32, lane: u32) -> f32 {
  teams[lane] = value;
  workgroupBarrier();
  let total = (value + teams[lane ^ 1u]) + (teams[lane ^ 2u] + teams[lane ^ 3u]);
  workgroupBarrier();
  return total;
}

//#include "lib/norm_sum.wgsl"

// Found when all is done.
fn note_squares(lane: u32, size: u32) {}
//#end

fn x_ready(row: u32, lane: u32, size: u32) {
  for (var turn = 0u; turn < X_TURNS; turn++) {
    let i = turn * WG + lane;
    let low = x_part(row, i * 2u);
    let high = x_part(row, i * 2u + 1u);
    let sizes = max(abs(low), abs(high));
    let largest = team_max(max(max(sizes.x, sizes.y), max(sizes.z, sizes.w)), lane);
    // Its reciprocal must be finite; what is smaller than that is as good as 0.
    let some = largest > 1e-30;
    let inverse = select(0.0, 127.0 / max(largest, 1e-30), some);
    let bytes = vec2<u32>(pack4xI8(vec4<i32>(round(low * inverse))), pack4xI8(vec4<i32>(round(high * inverse))));
    let sum = dot4I8Packed(bytes.x, 0x01010101u) + dot4I8Packed(bytes.y, 0x01010101u);
    // As floats, sums of 32 bytes are exact.
    let total = team_add(f32(sum), lane);
    if (i < 2u * X_PARTS) {
      x_parts[i / 2u % UNIT_PARTS][i / 2u / UNIT_PARTS][i % 2u] = bytes;
      if (i % 4u == 0u) {
        let scale = select(0.0, largest / 127.0, some);
        x_steps[i / 4u % UNIT_BLOCKS][i / 4u / UNIT_BLOCKS] = vec2<u32>(bitcast<u32>(scale), bitcast<u32>(i32(total)));
      }
    }
  }
  note_squares(lane, size);
  workgroupBarrier();
}

fn x_bytes(row: u32, i: u32) -> vec4<u32> {
  let part = i % UNIT_PARTS;
  let unit = i / UNIT_PARTS;
  return vec4<u32>(x_parts[part][unit][0], x_parts[part][unit][1]);
}

fn x_scale(row: u32, block: u32) -> f32 {
  return bitcast<f32>(x_steps[block % UNIT_BLOCKS][block / UNIT_BLOCKS].x);
}

fn x_sum(row: u32, block: u32) -> i32 {
  return bitcast<i32>(x_steps[block % UNIT_BLOCKS][block / UNIT_BLOCKS].y);
}
