//! Attention of many query rows: a workgroup takes BQ rows of one head, so that a key or value that is read
//! serves BQ rows. Turns of WG keys: a lane scores one key against all rows; WG / BQ lanes then work on the
//! softmax of a row; then lanes share the values, a vec4 of the head each.
//! op attention(q: f32[M, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD]) -> y: f32[M, H * HD]
//! grid H, ceil(M / BQ)
//! needs M > 1
//! needs HD % 4 == 0
//! needs HD <= 4 * WG
//! needs H % KVH == 0
//! needs 4 * (BQ * HD + BQ * ceil(WG / (floor(4 * WG / HD) * UNROLL)) * floor(4 * WG / HD) * UNROLL + WG + 2 * BQ) <= 16384
//#param WG 128|32|64|256
const WG: u32 = 128u;
//#param BQ 8|4|16
const BQ: u32 = 8u;
// Values whose loads are under way at a time.
//#param UNROLL 4|1|2
const UNROLL: u32 = 4u;
//#param H 1..
const H: u32 = 4u;
//#param KVH 1..
const KVH: u32 = 4u;
//#param HD 4..
const HD: u32 = 64u;
//#param C 1..
const C: u32 = 2048u;
//#include "lib/scores.wgsl"
const QUADS: u32 = HD / 4u;
//#option KV f32|f16|q8|q4|q3|q2
//#include "lib/kv_read.wgsl"
//#include "lib/step.wgsl"
//#include "lib/math.wgsl"

// Lanes of one slice hold a whole head; slices take keys in turn. A few lanes may be left over.
const SLICES: u32 = WG / QUADS;
// Rows of a block see windows that lie apart by a key.
const TURNS: u32 = (min(C, MOST_SEEN + BQ - 1u) + WG - 1u) / WG;
const SLICE_TURNS: u32 = (WG + SLICES * UNROLL - 1u) / (SLICES * UNROLL);
const Q_TURNS: u32 = (BQ * QUADS + WG - 1u) / WG;
// Lanes that share the softmax of a row, and keys of a turn for each.
const TEAM: u32 = WG / BQ;
const KEYS_A_LANE: u32 = BQ;

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>;

var<workgroup> queries: array<vec4<f32>, BQ * QUADS>;
// [BQ][STRIDE]: scores, then their weights, and 0 in the places that fill up the last turn of the slices.
const STRIDE: u32 = SLICES * SLICE_TURNS * UNROLL;
var<workgroup> weights: array<f32, BQ * STRIDE>;
var<workgroup> team_cells: array<f32, WG>;
var<workgroup> fades: array<f32, BQ>;
var<workgroup> totals: array<f32, BQ>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let head = group.x;
  let cache = head / (H / KVH) * C;
  let row = group.y * BQ;
  // Rows beyond the last repeat it, and are not stored.
  let last_row = step.seq - 1u;
  // Keys that the last row of this block sees.
  let keys = step.past + min(row + BQ - 1u, last_row) + 1u;
  // The first that its first row sees.
  let start = first_seen(step.past + row);
  let quad = lane % QUADS;
  let slice = lane / QUADS;
  let team = lane / TEAM;
  let member = lane % TEAM;
  let team_keys = step.past + min(row + team, last_row) + 1u;
  let team_start = first_seen(team_keys - 1u);

  //#unroll
  for (var t = 0u; t < Q_TURNS; t++) {
    let unit = t * WG + lane;
    if (BQ * QUADS % WG == 0u || unit < BQ * QUADS) {
      let m = min(row + unit / QUADS, last_row);
      queries[unit] = q[(m * H + head) * QUADS + unit % QUADS] * SCALE;
    }
  }
  workgroupBarrier();

  for (var i = WG + lane; i < STRIDE; i += WG) {
    //#unroll
    for (var b = 0u; b < BQ; b++) {
      weights[b * STRIDE + i] = 0.0;
    }
  }
  var highest = LOWEST;
  var total = 0.0;
  var mixed: array<vec4<f32>, BQ>;
  for (var turn = 0u; turn < TURNS; turn++) {
    let first = start + turn * WG;
    if (first >= keys) {
      break;
    }
    // Naga and Tint clear a variable without initial value once a function, not once a turn.
    var scores = array<f32, BQ>();
    if (first + lane < keys) {
      for (var i = 0u; i < QUADS; i++) {
        let key = k_quad(cache + first + lane, i);
        //#unroll
        for (var b = 0u; b < BQ; b++) {
          scores[b] = add_dot(scores[b], key, queries[b * QUADS + i]);
        }
      }
    }
    //#unroll
    for (var b = 0u; b < BQ; b++) {
      weights[b * STRIDE + lane] = cap(scores[b]);
    }
    workgroupBarrier();

    // Each lane of a team looks at every TEAM-th key of its row.
    var peak = highest;
    for (var i = 0u; i < KEYS_A_LANE; i++) {
      let key = i * TEAM + member;
      let seen = first + key >= team_start && first + key < team_keys;
      peak = max(peak, select(LOWEST, weights[team * STRIDE + key], seen));
    }
    team_cells[lane] = peak;
    workgroupBarrier();
    for (var i = 0u; i < TEAM; i++) {
      peak = max(peak, team_cells[team * TEAM + i]);
    }
    let fade = exp(highest - peak);
    highest = peak;
    total *= fade;
    for (var i = 0u; i < KEYS_A_LANE; i++) {
      let key = i * TEAM + member;
      let seen = first + key >= team_start && first + key < team_keys;
      // A key that a row does not see may have a score above all that it sees.
      let weight = select(0.0, exp(min(weights[team * STRIDE + key] - peak, 0.0)), seen);
      weights[team * STRIDE + key] = weight;
      total += weight;
    }
    if (member == 0u) {
      fades[team] = fade;
    }
    workgroupBarrier();

    if (slice < SLICES) {
      //#unroll
      for (var b = 0u; b < BQ; b++) {
        mixed[b] *= fades[b];
      }
      for (var i = 0u; i < SLICE_TURNS; i++) {
        //#unroll
        for (var u = 0u; u < UNROLL; u++) {
          let key = (i * UNROLL + u) * SLICES + slice;
          // Behind the last key nothing was ever written: those places repeat the last, with weight 0.
          let value = v_quad(cache + min(first + key, keys - 1u), quad);
          //#unroll
          for (var b = 0u; b < BQ; b++) {
            mixed[b] += weights[b * STRIDE + key] * value;
          }
        }
      }
    }
    workgroupBarrier();
  }

  team_cells[lane] = total;
  workgroupBarrier();
  if (lane < BQ) {
    total = 0.0;
    for (var i = 0u; i < TEAM; i++) {
      total += team_cells[lane * TEAM + i];
    }
    totals[lane] = total;
  }
  // The queries have served; their place takes the sum over slices.
  for (var i = 0u; i < SLICES; i++) {
    if (slice == i) {
      //#unroll
      for (var b = 0u; b < BQ; b++) {
        queries[b * QUADS + quad] = select(queries[b * QUADS + quad], vec4<f32>(), i == 0u) + mixed[b];
      }
    }
    workgroupBarrier();
  }
  for (var unit = lane; unit < BQ * QUADS; unit += WG) {
    let b = unit / QUADS;
    if (row + b <= last_row) {
      y[((row + b) * H + head) * QUADS + unit % QUADS] = queries[unit] / totals[b];
    }
  }
}
