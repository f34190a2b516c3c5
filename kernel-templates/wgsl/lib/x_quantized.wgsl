//! A row of activations that the workgroup quantises before it multiplies: what lib/x_bytes.wgsl has, of one row, in
//! workgroup memory. A lane takes 16 columns at a time, two lanes a block. The kernel declares WG, and the weights' format.
//#include "lib/dot16.wgsl"
// Columns that the words of a row have, a multiple of 32; 0 beyond K.
const X_PARTS: u32 = ROW_WORDS * WORD_BYTES;
const X_TURNS: u32 = (X_PARTS + WG - 1u) / WG;
const RAGGED: bool = X_TURNS * WG * 16u != K;
// The whole workgroup reads x once.
const NORM_TEAMS: u32 = WG / LANES;

// [WORD_BYTES][ROW_WORDS]: neighbouring lanes read neighbours.
var<workgroup> x_parts: array<vec4<u32>, X_PARTS>;
var<workgroup> x_scales: array<f32, X_PARTS / 2u>;
var<workgroup> x_sums: array<i32, X_PARTS / 2u>;

// What a lane and its neighbour have, largest or together.
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: fn pair_max(value: f32, lane: u32) -> f32 {
//:   return max(value, subgroupShuffleXor(value, 1u));
//: }
//:
//: fn pair_add(value: f32, lane: u32) -> f32 {
//:   return value + subgroupShuffleXor(value, 1u);
//: }
//#else
var<workgroup> pairs: array<f32, WG>;

fn pair_max(value: f32, lane: u32) -> f32 {
  pairs[lane] = value;
  workgroupBarrier();
  let best = max(value, pairs[lane ^ 1u]);
  workgroupBarrier();
  return best;
}

fn pair_add(value: f32, lane: u32) -> f32 {
  pairs[lane] = value;
  workgroupBarrier();
  let total = value + pairs[lane ^ 1u];
  workgroupBarrier();
  return total;
}
//#end

fn x_place(i: u32) -> u32 {
  return i % WORD_BYTES * ROW_WORDS + i / WORD_BYTES;
}

fn x_ready(row: u32, lane: u32) {
  for (var turn = 0u; turn < X_TURNS; turn++) {
    let i = turn * WG + lane;
    var values: array<vec4<f32>, 4>;
    var sizes = vec4<f32>();
    //#unroll
    for (var q = 0u; q < 4u; q++) {
      values[q] = x_part(row, i * 4u + q);
      sizes = max(sizes, abs(values[q]));
    }
    let largest = pair_max(max(max(sizes.x, sizes.y), max(sizes.z, sizes.w)), lane);
    // Its reciprocal must be finite; what is smaller than that is as good as 0.
    let some = largest > 1e-30;
    let inverse = select(0.0, 127.0 / max(largest, 1e-30), some);
    var bytes: vec4<u32>;
    var sum = 0i;
    //#unroll
    for (var q = 0u; q < 4u; q++) {
      bytes[q] = pack4xI8(vec4<i32>(round(values[q] * inverse)));
      sum += dot4I8Packed(bytes[q], 0x01010101u);
    }
    // As floats, sums of 32 bytes are exact.
    let total = pair_add(f32(sum), lane);
    if (i < X_PARTS) {
      x_parts[x_place(i)] = bytes;
      if (i % 2u == 0u) {
        x_scales[i / 2u] = select(0.0, largest / 127.0, some);
        x_sums[i / 2u] = i32(total);
      }
    }
  }
  workgroupBarrier();
}

fn x_bytes(row: u32, i: u32) -> vec4<u32> {
  return x_parts[x_place(i)];
}

fn x_scale(row: u32, block: u32) -> f32 {
  return x_scales[block];
}

fn x_sum(row: u32, block: u32) -> i32 {
  return x_sums[block];
}
