//! What kernels of attention over a split of the keys have in common. The kernel declares WG, CHUNK, UNROLL, H, KVH, HD,
//! C, SPLITS, query_quad, and append, which has written what the last position needs when it returns.
//#include "lib/scores.wgsl"
const QUADS: u32 = HD / 4u;
//#include "lib/kv_read.wgsl"
// Quads of a key whose loads are under way at a time, for each of a lane's keys.
const AHEAD: u32 = 4u;
//#include "lib/kv_team.wgsl"
//#include "lib/step.wgsl"
//#include "lib/math.wgsl"

// Query heads that share a head of keys, and lanes that work on the softmax of one.
const SHARE: u32 = H / KVH;
//#if H == KVH
const LANES: u32 = WG;
//#elif H == 2 * KVH
//: const LANES: u32 = WG / 2u;
//#elif H <= 4 * KVH
//: const LANES: u32 = WG / 4u;
//#elif H <= 8 * KVH
//: const LANES: u32 = WG / 8u;
//#else
//: const LANES: u32 = WG / 16u;
//#end
alias Reduced = f32;
//#include "lib/reduce.wgsl"

// Keys that the teams score at a time, and how often they do.
const TEAMS: u32 = WG / TEAM;
const TEAM_KEYS: u32 = CHUNK / TEAMS;
const ROW: u32 = TEAM_QUADS * TEAM;
// Lanes of one slice hold a whole head; slices take keys in turn. A few lanes may be left over.
const SLICES: u32 = WG / QUADS;
const SLICE_TURNS: u32 = (CHUNK + SLICES * UNROLL - 1u) / (SLICES * UNROLL);
const PLACES: u32 = SLICES * SLICE_TURNS * UNROLL;

@group(0) @binding(3) var<storage, read_write> part: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> stats: array<vec2<f32>>;

// [SHARE][ROW], zeros behind the last quad; in the end the sums over slices.
var<workgroup> queries: array<vec4<f32>, SHARE * ROW>;
// [SHARE][PLACES]: scores, then their weights, and 0 in the places that fill up the last turn of the slices.
var<workgroup> weights: array<f32, SHARE * PLACES>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let split = group.x;
  let head = group.y * SHARE;
  let cache = group.y * C;
  let last = step.past;
  let first = first_seen(last) + split * CHUNK;
  // Places that fill up a turn repeat a key of this split: another workgroup may be writing those behind.
  let end = min(first + CHUNK - 1u, last);
  let quad = lane % QUADS;
  let slice = lane / QUADS;
  let team = lane / TEAM;
  let member = lane % TEAM;

  for (var unit = lane; unit < SHARE * ROW; unit += WG) {
    let at = unit % ROW;
    let query = query_quad(head + unit / ROW, min(at, QUADS - 1u)) * SCALE;
    queries[unit] = select(vec4<f32>(), query, at < QUADS);
  }
  for (var i = lane; i < SHARE * PLACES; i += WG) {
    weights[i] = 0.0;
  }
  append(group.y, first, lane);
  workgroupBarrier();

  // Behind the last key nothing was ever written: those places repeat the last, and get no weight.
  var terms = array<f32, SHARE * TEAM_KEYS>();
  for (var turn = 0u; turn < TEAM_QUADS / AHEAD; turn++) {
    var keys: array<vec4<f32>, TEAM_KEYS * AHEAD>;
    //#unroll
    for (var i = 0u; i < TEAM_KEYS * AHEAD; i++) {
      let at = team_quad(turn * AHEAD + i % AHEAD, member);
      keys[i] = k_quad(cache + min(first + i / AHEAD * TEAMS + team, last), min(at, QUADS - 1u));
    }
    //#unroll
    for (var h = 0u; h < SHARE; h++) {
      //#unroll
      for (var i = 0u; i < AHEAD; i++) {
        let query = queries[h * ROW + team_quad(turn * AHEAD + i, member)];
        //#unroll
        for (var j = 0u; j < TEAM_KEYS; j++) {
          terms[h * TEAM_KEYS + j] = add_dot(terms[h * TEAM_KEYS + j], query, keys[j * AHEAD + i]);
        }
      }
    }
  }
  for (var i = 0u; i < TEAM; i++) {
    if (member == i) {
      //#unroll
      for (var h = 0u; h < SHARE; h++) {
        //#unroll
        for (var j = 0u; j < TEAM_KEYS; j++) {
          weights[h * PLACES + j * TEAMS + team] += terms[h * TEAM_KEYS + j];
        }
      }
    }
    workgroupBarrier();
  }

  // LANES lanes look at the keys of a head; some may have none.
  let row = lane / LANES;
  let own = lane % LANES;
  var highest = LOWEST;
  if (row < SHARE) {
    for (var key = own; key < CHUNK; key += LANES) {
      if (first + key <= last) {
        highest = max(highest, cap(weights[row * PLACES + key]));
      }
    }
  }
  highest = reduce_max(highest, lane, subgroup_size);
  var total = 0.0;
  if (row < SHARE) {
    for (var key = own; key < CHUNK; key += LANES) {
      let score = cap(weights[row * PLACES + key]);
      let weight = select(0.0, exp(min(score - highest, 0.0)), first + key <= last);
      weights[row * PLACES + key] = weight;
      total += weight;
    }
  }
  total = reduce_add(total, lane, subgroup_size);
  if (row < SHARE && own == 0u) {
    stats[(head + row) * SPLITS + split] = vec2<f32>(highest, total);
  }
  workgroupBarrier();

  var mixed = array<vec4<f32>, SHARE>();
  if (slice < SLICES) {
    for (var i = 0u; i < SLICE_TURNS; i++) {
      //#unroll
      for (var u = 0u; u < UNROLL; u++) {
        let key = (i * UNROLL + u) * SLICES + slice;
        let value = v_quad(cache + min(first + key, end), quad);
        //#unroll
        for (var h = 0u; h < SHARE; h++) {
          mixed[h] += weights[h * PLACES + key] * value;
        }
      }
    }
  }
  for (var i = 0u; i < SLICES; i++) {
    if (slice == i) {
      //#unroll
      for (var h = 0u; h < SHARE; h++) {
        queries[h * ROW + quad] = select(queries[h * ROW + quad], vec4<f32>(), i == 0u) + mixed[h];
      }
    }
    workgroupBarrier();
  }
  for (var unit = lane; unit < SHARE * QUADS; unit += WG) {
    let h = unit / QUADS;
    part[((head + h) * SPLITS + split) * QUADS + unit % QUADS] = queries[h * ROW + unit % QUADS];
  }
}
