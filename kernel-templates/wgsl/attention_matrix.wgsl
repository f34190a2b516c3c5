//! Attention of many query rows by subgroup matrices of halves: a workgroup takes TEAMS subgroups of LANES lanes (the
//! device's size), each of which takes MM rows of one head; KEYS keys, then their values, lie in workgroup memory for
//! all. Twice over the keys: first for the highest score of each row, then for the weights, whose sums need not be
//! scaled again.
//! op attention(q: f32[M, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD]) -> y: f32[M, H * HD]
//! grid H, ceil(M / (TEAMS * MM))
//! needs M > 1
//! needs HD % 16 == 0
//! needs HD <= 256
//! needs H % KVH == 0
//! needs TEAMS * LANES <= 256
//! needs LANES % MM == 0
//! needs KEYS % (LANES / MM) == 0
//! needs max(KEYS, MM) * (HD + PAD) * 2 + TEAMS * MM * (6 * KEYS + 32) <= 32768
// The features chromium-experimental-subgroup-matrix and shader-f16.
//#option MATRIX true
//#option E f16
//#option KV f16
enable f16;
enable chromium_experimental_subgroup_matrix;
// Lanes lie in subgroups in the order of their index, which the analysis does not know.
diagnostic(off, chromium.subgroup_matrix_uniformity);
//#param TEAMS 4|2|8
const TEAMS: u32 = 4u;
//#param LANES 32|16|64
const LANES: u32 = 32u;
//#param KEYS 32|16|64
const KEYS: u32 = 32u;
// Halves between rows of a tile: with them, its rows begin in different banks.
//#param PAD 8|0
const PAD: u32 = 8u;
//#param MM 16|8
const MM: u32 = 16u;
//#param MN 16|8
const MN: u32 = 16u;
//#param MK 16|8
const MK: u32 = 16u;
//#param H 1..
const H: u32 = 4u;
//#param KVH 1..
const KVH: u32 = 4u;
//#param HD 16..
const HD: u32 = 64u;
//#param C 1..
const C: u32 = 2048u;
//#include "lib/scores.wgsl"
//#include "lib/step.wgsl"

const WG: u32 = TEAMS * LANES;
const ROWS: u32 = TEAMS * MM;
const OCTS: u32 = HD / 8u;
const QUADS: u32 = HD / 4u;
// Rows of a tile of keys, values or queries, in vec4s.
const STRIDE: u32 = (HD + PAD) / 4u;
const TILE_ROWS: u32 = max(KEYS, MM);
const TILE_TURNS: u32 = (KEYS * OCTS + WG - 1u) / WG;
const Q_TURNS: u32 = (MM * QUADS + WG - 1u) / WG;
// Rows of scores and of weights; a few more than KEYS, so that rows begin in different banks.
const S_STRIDE: u32 = KEYS + 4u;
const P_STRIDE: u32 = KEYS + 8u;
// Lanes that share a row's scores, and scores of a row for each.
const SHARE: u32 = LANES / MM;
const SCORES: u32 = KEYS / SHARE;
// Rows of a block see windows that lie apart by a key.
const TURNS: u32 = (min(C, MOST_SEEN + ROWS - 1u) + KEYS - 1u) / KEYS;

alias Left = subgroup_matrix_left<f16, MK, MM>;
alias Right = subgroup_matrix_right<f16, MN, MK>;
alias Sum = subgroup_matrix_result<f32, MN, MM>;

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;
// Eight halves an element.
@group(0) @binding(1) var<storage, read_write> k: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> tile: array<vec4<f16>, TILE_ROWS * STRIDE>;
var<workgroup> scores: array<f32, TEAMS * MM * S_STRIDE>;
var<workgroup> weights: array<f16, TEAMS * MM * P_STRIDE>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let head = group.x;
  let cache = head / (H / KVH) * C;
  let team = lane / LANES;
  let block = group.y * ROWS;
  // Rows beyond the last repeat it, and are not stored.
  let last_row = step.seq - 1u;
  // Keys that some row of the block sees.
  let begin = first_seen(step.past + block);
  let end = step.past + min(block + ROWS - 1u, last_row) + 1u;
  // The row whose scores this lane works on, and what it sees.
  let own = lane % LANES / SHARE;
  let member = lane % SHARE;
  let row_keys = step.past + min(block + team * MM + own, last_row) + 1u;
  let row_start = first_seen(row_keys - 1u);
  let own_scores = (team * MM + own) * S_STRIDE;
  let own_weights = (team * MM + own) * P_STRIDE;

  // Queries, a team's at a time.
  var qs: array<Left, HD / MK>;
  for (var t = 0u; t < TEAMS; t++) {
    //#unroll
    for (var turn = 0u; turn < Q_TURNS; turn++) {
      let unit = turn * WG + lane;
      if (MM * QUADS % WG == 0u || unit < MM * QUADS) {
        let m = min(block + t * MM + unit / QUADS, last_row);
        let values = q[(m * H + head) * QUADS + unit % QUADS] * SCALE;
        tile[unit / QUADS * STRIDE + unit % QUADS] = vec4<f16>(values);
      }
    }
    workgroupBarrier();
    if (t == team) {
      //#unroll
      for (var i = 0u; i < HD / MK; i++) {
        qs[i] = subgroupMatrixLoad<Left, row_major>(&tile, i * (MK / 4u), STRIDE);
      }
    }
    workgroupBarrier();
  }

  var highest = LOWEST;
  var total = 0.0;
  var mixed: array<Sum, HD / MN>;
  for (var phase = 0u; phase < 2u; phase++) {
    for (var turn = 0u; turn < TURNS; turn++) {
      let first = begin + turn * KEYS;
      if (first >= end) {
        break;
      }
      //#unroll
      for (var t = 0u; t < TILE_TURNS; t++) {
        let unit = t * WG + lane;
        if (KEYS * OCTS % WG == 0u || unit < KEYS * OCTS) {
          // Behind the last key nothing was ever written.
          let keys = k[(cache + min(first + unit / OCTS, end - 1u)) * OCTS + unit % OCTS];
          let to = unit / OCTS * STRIDE + unit % OCTS * 2u;
          tile[to] = bitcast<vec4<f16>>(keys.xy);
          tile[to + 1u] = bitcast<vec4<f16>>(keys.zw);
        }
      }
      workgroupBarrier();
      //#unroll
      for (var j = 0u; j < KEYS / MN; j++) {
        var sums = Sum();
        //#unroll
        for (var i = 0u; i < HD / MK; i++) {
          let keys = subgroupMatrixLoad<Right, col_major>(&tile, j * MN * STRIDE + i * (MK / 4u), STRIDE);
          sums = subgroupMatrixMultiplyAccumulate(qs[i], keys, sums);
        }
        subgroupMatrixStore<row_major>(&scores, team * MM * S_STRIDE + j * MN, sums, S_STRIDE);
      }
      workgroupBarrier();
      if (phase == 0u) {
        //#unroll
        for (var i = 0u; i < SCORES; i++) {
          let key = i * SHARE + member;
          let seen = first + key >= row_start && first + key < row_keys;
          highest = max(highest, select(LOWEST, cap(scores[own_scores + key]), seen));
        }
      } else {
        //#unroll
        for (var i = 0u; i < SCORES; i++) {
          let key = i * SHARE + member;
          let seen = first + key >= row_start && first + key < row_keys;
          // A key that a row does not see may have a score above all that it sees.
          let weight = select(0.0, exp(min(cap(scores[own_scores + key]) - highest, 0.0)), seen);
          weights[own_weights + key] = f16(weight);
          total += weight;
        }
        //#unroll
        for (var t = 0u; t < TILE_TURNS; t++) {
          let unit = t * WG + lane;
          if (KEYS * OCTS % WG == 0u || unit < KEYS * OCTS) {
            let values = v[(cache + min(first + unit / OCTS, end - 1u)) * OCTS + unit % OCTS];
            let to = unit / OCTS * STRIDE + unit % OCTS * 2u;
            tile[to] = bitcast<vec4<f16>>(values.xy);
            tile[to + 1u] = bitcast<vec4<f16>>(values.zw);
          }
        }
        workgroupBarrier();
        //#unroll
        for (var i = 0u; i < KEYS / MK; i++) {
          let ps = subgroupMatrixLoad<Left, row_major>(&weights, team * MM * P_STRIDE + i * MK, P_STRIDE);
          //#unroll
          for (var j = 0u; j < HD / MN; j++) {
            let values = subgroupMatrixLoad<Right, row_major>(&tile, i * MK * STRIDE + j * (MN / 4u), STRIDE);
            mixed[j] = subgroupMatrixMultiplyAccumulate(ps, values, mixed[j]);
          }
        }
      }
      workgroupBarrier();
    }
    if (phase == 0u) {
      // The lanes of a row agree on its highest score.
      scores[own_scores + member] = highest;
      workgroupBarrier();
      //#unroll
      for (var i = 0u; i < SHARE; i++) {
        highest = max(highest, scores[own_scores + i]);
      }
      workgroupBarrier();
    }
  }

  scores[own_scores + member] = total;
  workgroupBarrier();
  total = 0.0;
  //#unroll
  for (var i = 0u; i < SHARE; i++) {
    total += scores[own_scores + i];
  }
  workgroupBarrier();
  let m = block + team * MM + own;
  //#unroll
  for (var j = 0u; j < HD / MN; j++) {
    subgroupMatrixStore<row_major>(&scores, team * MM * S_STRIDE, mixed[j], S_STRIDE);
    workgroupBarrier();
    if (m <= last_row) {
      for (var i = member; i < MN; i += SHARE) {
        y[(m * H + head) * HD + j * MN + i] = scores[own_scores + i] / total;
      }
    }
    workgroupBarrier();
  }
}
