const WG: u32 = 128u;
const CHUNK: u32 = 64u;
// Values whose loads are under way at a time.
const UNROLL: u32 = 4u;
const H: u32 = 1u;
const KVH: u32 = 1u;
const HD: u32 = 4u;
const C: u32 = 1u;
const SPLITS: u32 = 1u;
const SCALE: f32 = 0.5;
// Keys that a row sees, itself included; 0: all before it.
const WINDOW: u32 = 0u;
// A score s becomes SOFTCAP * tanh(s / SOFTCAP); 0: stays.
const SOFTCAP: f32 = 0.0;
// Below any score.
const LOWEST: f32 = -3.0e38;
const MOST_SEEN: u32 = C;

fn first_seen(position: u32) -> u32 {
  return 0u;
}

fn cap(score: f32) -> f32 {
  return score;
}

const QUADS: u32 = HD / 4u;
alias KvPair = vec2<f32>;
alias KvItem = vec4<f32>;

fn kv_store(pair: vec2<f32>) -> KvPair {
  return pair;
}

fn kv_load(quad: KvItem) -> vec4<f32> {
  return quad;
}

@group(0) @binding(1) var<storage, read_write> k: array<KvItem>;
@group(0) @binding(2) var<storage, read_write> v: array<KvItem>;

fn k_quad(row: u32, quad: u32) -> vec4<f32> {
  return kv_load(k[row * QUADS + quad]);
}

fn v_quad(row: u32, quad: u32) -> vec4<f32> {
  return kv_load(v[row * QUADS + quad]);
}

// Quads of a key whose loads are under way at a time, for each of a lane's keys.
const AHEAD: u32 = 4u;
const TEAM: u32 = 4u;
const TEAM_QUADS: u32 = (QUADS + TEAM * AHEAD - 1u) / (TEAM * AHEAD) * AHEAD;

fn team_quad(i: u32, member: u32) -> u32 {
  // Neighbouring lanes take neighbours, which one load fetches.
  return i * TEAM + member;
}

struct Step {
  /// Tokens in this step.
  seq: u32,
  /// Tokens in the KV cache before it.
  past: u32,
  seed: u32,
  /// 0: all.
  top_k: u32,
  /// 1: all.
  top_p: f32,
  /// 0: greedy.
  temperature: f32,
  /// 0: don't write the next token.
  sample: u32,
  /// Of repetition; 1: none.
  penalty: f32,
}
@group(0) @binding(15) var<uniform> step: Step;


// sum + a · b in four steps; sum + dot(a, b) would take five.
fn add_dot(sum: f32, a: vec4<f32>, b: vec4<f32>) -> f32 {
  return fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))));
}

// The bound keeps exp finite, which WGSL does not promise beyond f32's range; the quotient is -0 long before.
fn silu(x: f32) -> f32 {
  return x / (1.0 + exp(min(-x, 80.0)));
}

// Within what f32 holds: from e^-88, which is as good as 0, to the largest number.
fn exp_bounded(x: f32) -> f32 {
  return exp(clamp(x, -88.0, 88.72));
}

fn gelu_tanh(x: f32) -> f32 {
  let inner = clamp(0.7978845608 * (x + 0.044715 * x * x * x), -15.0, 15.0);
  return 0.5 * x * (1.0 + tanh(inner));
}

// a^b: WGSL knows it for a > 0 alone. A negative number has whole powers.
fn power(a: f32, b: f32) -> f32 {
  if (b == 0.0) {
    return 1.0;
  }
  if (a == 0.0) {
    return 0.0;
  }
  let size = pow(abs(a), b);
  let odd = abs(b - 2.0 * floor(0.5 * b)) == 1.0;
  return select(size, -size, a < 0.0 && odd);
}


// Query heads that share a head of keys, and lanes that work on the softmax of one.
const SHARE: u32 = H / KVH;
const LANES: u32 = WG;
alias Reduced = f32;
var<workgroup> reduce_cells: array<Reduced, WG>;

// The shape with subgroups is told their size; here the name only fills its place in calls.
const subgroup_size: u32 = 1u;

fn reduce_add(value: Reduced, lane: u32, size: u32) -> Reduced {
  let i = lane % LANES;
  var total = value;
  reduce_cells[lane] = total;
  workgroupBarrier();
  {
    if (i < max(128u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(128u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(128u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(128u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 4u * max(128u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 5u * max(128u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 6u * max(128u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 7u * max(128u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
  {
    if (i < max(16u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(16u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(16u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(16u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 4u * max(16u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 5u * max(16u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 6u * max(16u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 7u * max(16u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
  {
    if (i < max(2u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(2u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
  total = reduce_cells[lane - i];
  workgroupBarrier();
  return total;
}

fn reduce_max(value: Reduced, lane: u32, size: u32) -> Reduced {
  let i = lane % LANES;
  var best = value;
  reduce_cells[lane] = best;
  workgroupBarrier();
  {
    if (i < max(128u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(128u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(128u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(128u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 4u * max(128u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 5u * max(128u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 6u * max(128u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 7u * max(128u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  {
    if (i < max(16u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(16u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(16u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(16u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 4u * max(16u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 5u * max(16u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 6u * max(16u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 7u * max(16u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  {
    if (i < max(2u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(2u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  best = reduce_cells[lane - i];
  workgroupBarrier();
  return best;
}



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
    {
      let at = team_quad(turn * AHEAD + 0u % AHEAD, member);
      keys[0u] = k_quad(cache + min(first + 0u / AHEAD * TEAMS + team, last), min(at, QUADS - 1u));
    }
    {
      let at = team_quad(turn * AHEAD + 1u % AHEAD, member);
      keys[1u] = k_quad(cache + min(first + 1u / AHEAD * TEAMS + team, last), min(at, QUADS - 1u));
    }
    {
      let at = team_quad(turn * AHEAD + 2u % AHEAD, member);
      keys[2u] = k_quad(cache + min(first + 2u / AHEAD * TEAMS + team, last), min(at, QUADS - 1u));
    }
    {
      let at = team_quad(turn * AHEAD + 3u % AHEAD, member);
      keys[3u] = k_quad(cache + min(first + 3u / AHEAD * TEAMS + team, last), min(at, QUADS - 1u));
    }
    {
      let at = team_quad(turn * AHEAD + 4u % AHEAD, member);
      keys[4u] = k_quad(cache + min(first + 4u / AHEAD * TEAMS + team, last), min(at, QUADS - 1u));
    }
    {
      let at = team_quad(turn * AHEAD + 5u % AHEAD, member);
      keys[5u] = k_quad(cache + min(first + 5u / AHEAD * TEAMS + team, last), min(at, QUADS - 1u));
    }
    {
      let at = team_quad(turn * AHEAD + 6u % AHEAD, member);
      keys[6u] = k_quad(cache + min(first + 6u / AHEAD * TEAMS + team, last), min(at, QUADS - 1u));
    }
    {
      let at = team_quad(turn * AHEAD + 7u % AHEAD, member);
      keys[7u] = k_quad(cache + min(first + 7u / AHEAD * TEAMS + team, last), min(at, QUADS - 1u));
    }
    {
      {
        let query = queries[0u * ROW + team_quad(turn * AHEAD + 0u, member)];
        {
          terms[0u * TEAM_KEYS + 0u] = add_dot(terms[0u * TEAM_KEYS + 0u], query, keys[0u * AHEAD + 0u]);
        }
        {
          terms[0u * TEAM_KEYS + 1u] = add_dot(terms[0u * TEAM_KEYS + 1u], query, keys[1u * AHEAD + 0u]);
        }
      }
      {
        let query = queries[0u * ROW + team_quad(turn * AHEAD + 1u, member)];
        {
          terms[0u * TEAM_KEYS + 0u] = add_dot(terms[0u * TEAM_KEYS + 0u], query, keys[0u * AHEAD + 1u]);
        }
        {
          terms[0u * TEAM_KEYS + 1u] = add_dot(terms[0u * TEAM_KEYS + 1u], query, keys[1u * AHEAD + 1u]);
        }
      }
      {
        let query = queries[0u * ROW + team_quad(turn * AHEAD + 2u, member)];
        {
          terms[0u * TEAM_KEYS + 0u] = add_dot(terms[0u * TEAM_KEYS + 0u], query, keys[0u * AHEAD + 2u]);
        }
        {
          terms[0u * TEAM_KEYS + 1u] = add_dot(terms[0u * TEAM_KEYS + 1u], query, keys[1u * AHEAD + 2u]);
        }
      }
      {
        let query = queries[0u * ROW + team_quad(turn * AHEAD + 3u, member)];
        {
          terms[0u * TEAM_KEYS + 0u] = add_dot(terms[0u * TEAM_KEYS + 0u], query, keys[0u * AHEAD + 3u]);
        }
        {
          terms[0u * TEAM_KEYS + 1u] = add_dot(terms[0u * TEAM_KEYS + 1u], query, keys[1u * AHEAD + 3u]);
        }
      }
    }
  }
  for (var i = 0u; i < TEAM; i++) {
    if (member == i) {
      {
        {
          weights[0u * PLACES + 0u * TEAMS + team] += terms[0u * TEAM_KEYS + 0u];
        }
        {
          weights[0u * PLACES + 1u * TEAMS + team] += terms[0u * TEAM_KEYS + 1u];
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
      {
        let key = (i * UNROLL + 0u) * SLICES + slice;
        let value = v_quad(cache + min(first + key, end), quad);
        {
          mixed[0u] += weights[0u * PLACES + key] * value;
        }
      }
      {
        let key = (i * UNROLL + 1u) * SLICES + slice;
        let value = v_quad(cache + min(first + key, end), quad);
        {
          mixed[0u] += weights[0u * PLACES + key] * value;
        }
      }
      {
        let key = (i * UNROLL + 2u) * SLICES + slice;
        let value = v_quad(cache + min(first + key, end), quad);
        {
          mixed[0u] += weights[0u * PLACES + key] * value;
        }
      }
      {
        let key = (i * UNROLL + 3u) * SLICES + slice;
        let value = v_quad(cache + min(first + key, end), quad);
        {
          mixed[0u] += weights[0u * PLACES + key] * value;
        }
      }
    }
  }
  for (var i = 0u; i < SLICES; i++) {
    if (slice == i) {
      {
        queries[0u * ROW + quad] = select(queries[0u * ROW + quad], vec4<f32>(), i == 0u) + mixed[0u];
      }
    }
    workgroupBarrier();
  }
  for (var unit = lane; unit < SHARE * QUADS; unit += WG) {
    let h = unit / QUADS;
    part[((head + h) * SPLITS + split) * QUADS + unit % QUADS] = queries[h * ROW + unit % QUADS];
  }
}


@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;

fn query_quad(head: u32, quad: u32) -> vec4<f32> {
  return q[head * QUADS + quad];
}

// All keys are there.
fn append(head: u32, first: u32, lane: u32) {}
