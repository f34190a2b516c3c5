//! Attention of few query rows over activations: a workgroup takes one row of one head, WG keys a turn. Keys are
//! read by teams of lanes and values by slices of them, so that neighbours load neighbouring quads of one head;
//! between, each lane has the score of one key. The softmax runs along with its maximum.
//! op sdpa(q: f32[B,M,H * HD + STACKED * KVH * (HD + VD)], k?: f32[B,L,KVH * HD], v?: f32[B,L,KVH * VD], len?: u32[B], bias?: f32[BB,HB,M,L],
//!   distances?: f32[H,2 * SPAN + 1], mask?: f32[MB,M,L],
//!   keymask?: f32[KB,L]) -> y: f32[B,M,H * VD]
//! grid H, M, B
//! needs M <= 4
//! needs H % KVH == 0
//! needs STACKED == 0 || HD == VD
//! needs H <= 65535 && B <= 65535
//! needs VD <= 4 * WG
//! needs 32 * WG <= 16384
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 128|32|64|256
const WG: u32 = 128u;
//#param KVH 1..
const KVH: u32 = 4u;
//#param SCALE 0.0..
const SCALE: f32 = 0.125;
//#include "lib/sdpa_heads.wgsl"
//#include "lib/sdpa_scores.wgsl"
//#include "lib/math.wgsl"
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"

const TURNS: u32 = (L + WG - 1u) / WG;
// Lanes that share a key, and quads of it for each.
const TEAM: u32 = 4u;
const TEAM_QUADS: u32 = (QUADS + TEAM - 1u) / TEAM;
// Lanes of one slice hold a whole head of values; slices take keys in turn. A few lanes may be left over.
const SLICES: u32 = WG / V_QUADS;

// [WG][TEAM]: what each lane of a team adds to a score; in the end [SLICES][V_QUADS] parts of the output.
var<workgroup> cells: array<vec4<f32>, WG>;
var<workgroup> weights: array<f32, WG>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let s = scope(group.z, group.x, lane);
  let kv_head = group.x / (H / KVH);
  let row = group.y;
  if (row >= s.rows) {
    return;
  }
  let head = (s.batch * s.rows + row) * H + s.head;
  let begin = first_key(s, row);
  let end = end_key(s, row);
  let quad = lane % V_QUADS;
  let slice = lane / V_QUADS;
  let team = lane / TEAM;
  let member = lane % TEAM;

  // This lane's part of the query. Where a head is no multiple of a team, some members hold zeros.
  var query: array<vec4<f32>, TEAM_QUADS>;
  //#unroll
  for (var i = 0u; i < TEAM_QUADS; i++) {
    query[i] = q_quad(s.batch * s.rows + row, s.head, i * TEAM + member) * SCALE;
  }

  var highest = UNSEEN;
  // Of this lane's keys alone; the sum over lanes waits until the end.
  var total = 0.0;
  var mixed = vec4<f32>();
  for (var turn = 0u; turn < TURNS; turn++) {
    let first = begin + turn * WG;
    if (first >= end) {
      break;
    }
    // Keys beyond the last repeat it, and are not seen.
    let last_key = end - 1u;
    for (var j = 0u; j < TEAM; j++) {
      let key = j * (WG / TEAM) + team;
      let at = s.batch * s.keys + min(first + key, last_key);
      var term = 0.0;
      //#unroll
      for (var i = 0u; i < TEAM_QUADS; i++) {
        term = add_dot(term, query[i], k_quad(at, kv_head, i * TEAM + member));
      }
      cells[key][member] = term;
    }
    workgroupBarrier();
    let product = dot(cells[lane], vec4<f32>(1.0));
    let known = scores_of(s, vec4<f32>(product), row, vec4<u32>(min(first + lane, last_key))).x;
    let score = select(UNSEEN, known, first + lane <= last_key);
    let peak = max(highest, reduce_max(score, lane, subgroup_size));
    let weight = select(0.0, exp(score - peak), score > UNSEEN);
    let fade = exp(highest - peak);
    highest = peak;
    total = total * fade + weight;
    mixed *= fade;
    weights[lane] = weight;
    workgroupBarrier();
    if (slice < SLICES) {
      for (var key = slice; key < WG; key += SLICES) {
        if (first + key <= last_key) {
          mixed += weights[key] * v_quad(s.batch * s.keys + first + key, kv_head, quad);
        }
      }
    }
    workgroupBarrier();
  }

  cells[lane] = mixed;
  total = reduce_add(total, lane, subgroup_size);
  workgroupBarrier();
  if (lane < V_QUADS) {
    var sum = vec4<f32>();
    for (var i = 0u; i < SLICES; i++) {
      sum += cells[i * V_QUADS + lane];
    }
    // The highest score weighs 1, so less than that is a row that sees no key.
    y_store(head, lane, sum / max(total, 0.5));
  }
}
