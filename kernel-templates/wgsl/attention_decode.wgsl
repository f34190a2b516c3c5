//! Attention of one query row: one workgroup a head, WG keys a turn. Keys are read by teams of lanes and values
//! by slices of them, so that neighbours load neighbouring vec4s of one head; between, each lane has the score
//! of one key. The softmax runs along with its maximum.
//! op attention(q: f32[M, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD]) -> y: f32[M, H * HD]
//! grid H
//! needs M == 1
//! needs HD % 4 == 0
//! needs HD <= 4 * WG
//! needs H % KVH == 0
//! needs 4 * (7 * WG + ceil(WG / (floor(4 * WG / HD) * UNROLL)) * floor(4 * WG / HD) * UNROLL) <= 16384
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 256|32|64|128
const WG: u32 = 256u;
// Values whose loads are under way at a time. Keys need none: a lane loads several parts of each.
//#param UNROLL 8|1|2|4
const UNROLL: u32 = 8u;
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
const AHEAD: u32 = 1u;
//#include "lib/kv_team.wgsl"
//#include "lib/step.wgsl"
//#include "lib/math.wgsl"
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"

const TURNS: u32 = (MOST_SEEN + WG - 1u) / WG;
// Lanes of one slice hold a whole head; slices take keys in turn. A few lanes may be left over.
const SLICES: u32 = WG / QUADS;
const SLICE_TURNS: u32 = (WG + SLICES * UNROLL - 1u) / (SLICES * UNROLL);
const PLACES: u32 = SLICES * SLICE_TURNS * UNROLL;

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// [WG][TEAM + 1]: what each lane of a team adds to a score, and in the end each lane's part of the output. The
// one more lets lanes read and write in different banks.
var<workgroup> cells: array<f32, WG * (TEAM + 1u)>;
// One a key, and 0 in the places that fill up the last turn of the slices.
var<workgroup> weights: array<f32, PLACES>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let head = group.x;
  let cache = head / (H / KVH) * C;
  let last = step.past;
  let start = first_seen(last);
  let quad = lane % QUADS;
  let slice = lane / QUADS;
  let team = lane / TEAM;
  let member = lane % TEAM;

  // This lane's part of the query. Where a head is no multiple of a team, some members repeat others' keys
  // with a query of 0.
  var query: array<vec4<f32>, TEAM_QUADS>;
  //#unroll
  for (var i = 0u; i < TEAM_QUADS; i++) {
    let at = team_quad(i, member);
    query[i] = select(vec4<f32>(), q[head * QUADS + min(at, QUADS - 1u)] * SCALE, at < QUADS);
  }

  for (var i = WG + lane; i < PLACES; i += WG) {
    weights[i] = 0.0;
  }
  var highest = LOWEST;
  // Of this lane's keys alone; the sum over lanes waits until the end.
  var total = 0.0;
  var mixed = vec4<f32>();
  for (var turn = 0u; turn < TURNS; turn++) {
    let first = start + turn * WG;
    if (first > last) {
      break;
    }
    // Behind the last key nothing was ever written: those places repeat the last, with weight 0.
    for (var j = 0u; j < TEAM; j++) {
      let key = j * (WG / TEAM) + team;
      let at = cache + min(first + key, last);
      var term = 0.0;
      //#unroll
      for (var i = 0u; i < TEAM_QUADS; i++) {
        term = add_dot(term, query[i], k_quad(at, min(team_quad(i, member), QUADS - 1u)));
      }
      cells[key * (TEAM + 1u) + member] = term;
    }
    workgroupBarrier();
    var score = 0.0;
    //#unroll
    for (var i = 0u; i < TEAM; i++) {
      score += cells[lane * (TEAM + 1u) + i];
    }
    score = cap(score);
    let seen = first + lane <= last;
    let peak = max(highest, reduce_max(select(LOWEST, score, seen), lane, subgroup_size));
    let weight = select(0.0, exp(score - peak), seen);
    let fade = exp(highest - peak);
    highest = peak;
    total = total * fade + weight;
    mixed *= fade;
    weights[lane] = weight;
    workgroupBarrier();
    if (slice < SLICES) {
      for (var i = 0u; i < SLICE_TURNS; i++) {
        //#unroll
        for (var u = 0u; u < UNROLL; u++) {
          let key = (i * UNROLL + u) * SLICES + slice;
          mixed += weights[key] * v_quad(cache + min(first + key, last), quad);
        }
      }
    }
    workgroupBarrier();
  }

  //#unroll
  for (var i = 0u; i < 4u; i++) {
    cells[lane * (TEAM + 1u) + i] = mixed[i];
  }
  total = reduce_add(total, lane, subgroup_size);
  workgroupBarrier();
  // A lane for each element.
  for (var d = lane; d < HD; d += WG) {
    var sum = 0.0;
    for (var i = 0u; i < SLICES; i++) {
      sum += cells[(i * QUADS + d / 4u) * (TEAM + 1u) + d % 4u];
    }
    y[head * HD + d] = sum / total;
  }
}
