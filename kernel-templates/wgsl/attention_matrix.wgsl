//! Attention of many query rows by subgroup matrices of halves: a workgroup takes TEAMS subgroups of LANES lanes (the
//! device's size), each of which takes MM rows of one head; KEYS keys and their values lie in workgroup memory for
//! all, and the next are loaded meanwhile. Once over the keys (online softmax): weights are exponentials of how far a
//! score is above a base, a row's highest score some time ago. Sums of weighted values are scaled to a new base, on
//! their way through workgroup memory, only where the highest has risen by more than RISE, which is rare.
//! op attention(q: f32[M, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD]) -> y: f32[M, H * HD]
//! grid H, ceil(M / (TEAMS * MM))
//! needs M > 1
//! needs HD % 16 == 0
//! needs HD <= 256
//! needs H % KVH == 0
//! needs TEAMS * LANES <= 256
//! needs LANES % MM == 0
//! needs KEYS % (4 * LANES / MM) == 0
//! needs KEYS % 8 == 0
//! needs (max(KEYS, MM) + KEYS) * (HD + PAD) * 2 + TEAMS * MM * (6 * KEYS + 32) + TEAMS * LANES * 4 + 16 <= 32768
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
//#param KEYS 16|32|64
const KEYS: u32 = 16u;
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
// e^RISE and sums of as many weights as there are keys fit halves and floats.
const RISE: f32 = 8.0;
// Rows of scores, in vec4s, and of weights; a few more than KEYS, so that rows begin in different banks.
const S_STRIDE: u32 = (KEYS + 4u) / 4u;
const P_STRIDE: u32 = KEYS + 8u;
// Lanes that share a row's weights, and how many each makes.
const SHARE: u32 = LANES / MM;
const SCORES: u32 = KEYS / SHARE;
// Matrices of sums that lie side by side where scores do.
const SIDE: u32 = KEYS / MN;
// Rows of a block see windows that lie apart by a key.
const TURNS: u32 = (min(C, MOST_SEEN + ROWS - 1u) + KEYS - 1u) / KEYS;

alias Left = subgroup_matrix_left<f16, MK, MM>;
alias Right = subgroup_matrix_right<f16, MN, MK>;
alias Sum = subgroup_matrix_result<f32, MN, MM>;

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;
// Eight halves an element.
@group(0) @binding(1) var<storage, read_write> k: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;

fn seen_quad(key: u32, start: u32, end: u32) -> vec4<bool> {
  let keys = vec4<u32>(key, key + 1u, key + 2u, key + 3u);
  return (keys >= vec4<u32>(start)) & (keys < vec4<u32>(end));
}

fn cap_quad(s: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(cap(s.x), cap(s.y), cap(s.z), cap(s.w));
}

var<workgroup> k_tile: array<vec4<f16>, TILE_ROWS * STRIDE>;
var<workgroup> v_tile: array<vec4<f16>, KEYS * STRIDE>;
var<workgroup> scores: array<vec4<f32>, TEAMS * MM * S_STRIDE>;
var<workgroup> weights: array<vec4<f16>, TEAMS * MM * P_STRIDE / 4u>;
// Of every lane, at the end.
var<workgroup> totals: array<f32, WG>;
// Whether any row has a new base, in this turn and in the one before. Four, of which two count: what matrices are
// loaded from must lie at multiples of 16 bytes, and arrays lie one behind the other.
var<workgroup> rose: array<u32, 4>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let head = group.x;
  let cache = head / (H / KVH) * C;
  let team = lane / LANES;
  // The last rows, which see the most keys, begin first.
  let block = ((step.seq + ROWS - 1u) / ROWS - 1u - group.y) * ROWS;
  // Rows beyond the last repeat it, and are not stored.
  let last_row = step.seq - 1u;
  // Keys that some row of the block sees.
  let begin = first_seen(step.past + block);
  let end = step.past + min(block + ROWS - 1u, last_row) + 1u;
  // The row whose weights this lane works on, and what it sees.
  let own = lane % LANES / SHARE;
  let member = lane % SHARE;
  let row_keys = step.past + min(block + team * MM + own, last_row) + 1u;
  let row_start = first_seen(row_keys - 1u);
  let own_scores = (team * MM + own) * S_STRIDE;
  let own_weights = (team * MM + own) * P_STRIDE / 4u;

  if (lane < 4u) {
    rose[lane] = 0u;
  }
  // Queries, a team's at a time.
  var qs: array<Left, HD / MK>;
  for (var t = 0u; t < TEAMS; t++) {
    //#unroll
    for (var turn = 0u; turn < Q_TURNS; turn++) {
      let unit = turn * WG + lane;
      if (MM * QUADS % WG == 0u || unit < MM * QUADS) {
        let m = min(block + t * MM + unit / QUADS, last_row);
        let values = q[(m * H + head) * QUADS + unit % QUADS] * SCALE;
        k_tile[unit / QUADS * STRIDE + unit % QUADS] = vec4<f16>(values);
      }
    }
    workgroupBarrier();
    if (t == team) {
      //#unroll
      for (var i = 0u; i < HD / MK; i++) {
        qs[i] = subgroupMatrixLoad<Left, row_major>(&k_tile, i * (MK / 4u), STRIDE);
      }
    }
    workgroupBarrier();
  }

  var base = LOWEST;
  var total = 0.0;
  var mixed: array<Sum, HD / MN>;
  var k_next: array<vec4<u32>, TILE_TURNS>;
  var v_next: array<vec4<u32>, TILE_TURNS>;
  //#unroll
  for (var t = 0u; t < TILE_TURNS; t++) {
    let unit = t * WG + lane;
    if (KEYS * OCTS % WG == 0u || unit < KEYS * OCTS) {
      let eight = k[(cache + min(begin + unit / OCTS, end - 1u)) * OCTS + unit % OCTS];
      let to = unit / OCTS * STRIDE + unit % OCTS * 2u;
      k_tile[to] = bitcast<vec4<f16>>(eight.xy);
      k_tile[to + 1u] = bitcast<vec4<f16>>(eight.zw);
    }
  }
  workgroupBarrier();
  for (var turn = 0u; turn < TURNS; turn++) {
    let first = begin + turn * KEYS;
    if (first >= end) {
      break;
    }
    //#unroll
    for (var t = 0u; t < TILE_TURNS; t++) {
      // Behind the last key nothing was ever written.
      let unit = t * WG + lane;
      v_next[t] = v[(cache + min(first + unit / OCTS, end - 1u)) * OCTS + unit % OCTS];
      k_next[t] = k[(cache + min(first + KEYS + unit / OCTS, end - 1u)) * OCTS + unit % OCTS];
    }
    //#unroll
    for (var j = 0u; j < SIDE; j++) {
      var sums = Sum();
      //#unroll
      for (var i = 0u; i < HD / MK; i++) {
        let keys = subgroupMatrixLoad<Right, col_major>(&k_tile, j * MN * STRIDE + i * (MK / 4u), STRIDE);
        sums = subgroupMatrixMultiplyAccumulate(qs[i], keys, sums);
      }
      subgroupMatrixStore<row_major>(&scores, team * MM * S_STRIDE + j * (MN / 4u), sums, S_STRIDE);
    }
    // All have their scores, and are done with these keys and the values before.
    workgroupBarrier();
    //#unroll
    for (var t = 0u; t < TILE_TURNS; t++) {
      let unit = t * WG + lane;
      if (KEYS * OCTS % WG == 0u || unit < KEYS * OCTS) {
        let to = unit / OCTS * STRIDE + unit % OCTS * 2u;
        k_tile[to] = bitcast<vec4<f16>>(k_next[t].xy);
        k_tile[to + 1u] = bitcast<vec4<f16>>(k_next[t].zw);
        v_tile[to] = bitcast<vec4<f16>>(v_next[t].xy);
        v_tile[to + 1u] = bitcast<vec4<f16>>(v_next[t].zw);
      }
    }
    // Each lane looks at the whole row, so that those that share it need not meet.
    var highest = LOWEST;
    //#unroll
    for (var i = 0u; i < KEYS / 4u; i++) {
      let seen = seen_quad(first + 4u * i, row_start, row_keys);
      let values = select(vec4<f32>(LOWEST), cap_quad(scores[own_scores + i]), seen);
      highest = max(highest, max(max(values.x, values.y), max(values.z, values.w)));
    }
    var factor = 1.0;
    if (highest > base + RISE) {
      factor = exp(max(base - highest, -80.0));
      base = highest;
      if (total > 0.0) {
        rose[turn % 2u] = 1u;
      }
      total *= factor;
    }
    if (lane == 0u) {
      rose[(turn + 1u) % 2u] = 0u;
    }
    //#unroll
    for (var i = 0u; i < SCORES / 4u; i++) {
      let at = member * (SCORES / 4u) + i;
      let seen = seen_quad(first + 4u * at, row_start, row_keys);
      // A key that a row does not see may have a score above all that it sees.
      let above = min(cap_quad(scores[own_scores + at]) - base, vec4<f32>(RISE));
      let quad = select(vec4<f32>(), exp(above), seen);
      weights[own_weights + at] = vec4<f16>(quad);
      total += quad.x + quad.y + quad.z + quad.w;
    }
    if (workgroupUniformLoad(&rose[turn % 2u]) == 1u) {
      //#unroll
      for (var j = 0u; j < HD / MN; j += SIDE) {
        //#unroll
        for (var i = 0u; i < SIDE; i++) {
          let to = team * MM * S_STRIDE + i * (MN / 4u);
          if (j + i < HD / MN) {
            subgroupMatrixStore<row_major>(&scores, to, mixed[min(j + i, HD / MN - 1u)], S_STRIDE);
          }
        }
        workgroupBarrier();
        for (var i = member; i < KEYS / 4u; i += SHARE) {
          scores[own_scores + i] *= factor;
        }
        workgroupBarrier();
        //#unroll
        for (var i = 0u; i < SIDE; i++) {
          let first_quad = team * MM * S_STRIDE + i * (MN / 4u);
          if (j + i < HD / MN) {
            mixed[min(j + i, HD / MN - 1u)] = subgroupMatrixLoad<Sum, row_major>(&scores, first_quad, S_STRIDE);
          }
        }
        workgroupBarrier();
      }
    }
    //#unroll
    for (var i = 0u; i < KEYS / MK; i++) {
      let first_quad = team * MM * P_STRIDE / 4u + i * (MK / 4u);
      let ps = subgroupMatrixLoad<Left, row_major>(&weights, first_quad, P_STRIDE / 4u);
      //#unroll
      for (var j = 0u; j < HD / MN; j++) {
        let values = subgroupMatrixLoad<Right, row_major>(&v_tile, i * MK * STRIDE + j * (MN / 4u), STRIDE);
        mixed[j] = subgroupMatrixMultiplyAccumulate(ps, values, mixed[j]);
      }
    }
  }

  totals[lane] = total;
  workgroupBarrier();
  total = 0.0;
  //#unroll
  for (var i = 0u; i < SHARE; i++) {
    total += totals[team * LANES + own * SHARE + i];
  }
  let m = block + team * MM + own;
  //#unroll
  for (var j = 0u; j < HD / MN; j += SIDE) {
    //#unroll
    for (var i = 0u; i < SIDE; i++) {
      let to = team * MM * S_STRIDE + i * (MN / 4u);
      if (j + i < HD / MN) {
        subgroupMatrixStore<row_major>(&scores, to, mixed[min(j + i, HD / MN - 1u)], S_STRIDE);
      }
    }
    workgroupBarrier();
    if (m <= last_row) {
      for (var i = member; i < KEYS / 4u && j * MN + 4u * i < HD; i += SHARE) {
        y[(m * H + head) * QUADS + j * (MN / 4u) + i] = scores[own_scores + i] / total;
      }
    }
    workgroupBarrier();
  }
}
