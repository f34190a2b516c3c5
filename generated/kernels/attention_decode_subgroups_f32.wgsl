enable subgroups;
const WG: u32 = 256u;
// Values whose loads are under way at a time. Keys need none: a lane loads several parts of each.
const UNROLL: u32 = 8u;
const H: u32 = 1u;
const KVH: u32 = 1u;
const HD: u32 = 4u;
const C: u32 = 1u;
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

const AHEAD: u32 = 1u;
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

const LANES: u32 = WG;
alias Reduced = f32;
const SMALLEST_SUBGROUP: u32 = 4u;

var<workgroup> reduce_cells: array<Reduced, WG / SMALLEST_SUBGROUP>;

fn reduce_add(value: Reduced, lane: u32, size: u32) -> Reduced {
  var total = value;
  if (size > LANES) {
    // Several reductions side by side in a subgroup.
    {
      total += subgroupShuffleXor(total, 1u);
    }
    {
      total += subgroupShuffleXor(total, 2u);
    }
    {
      total += subgroupShuffleXor(total, 4u);
    }
    {
      total += subgroupShuffleXor(total, 8u);
    }
    {
      total += subgroupShuffleXor(total, 16u);
    }
    {
      total += subgroupShuffleXor(total, 32u);
    }
    {
      total += subgroupShuffleXor(total, 64u);
    }
    return total;
  }
  total = subgroupAdd(total);
  if (size == LANES) {
    return total;
  }
  if (lane % size == 0u) {
    reduce_cells[lane / size] = total;
  }
  workgroupBarrier();
  let first = lane / LANES * (LANES / size);
  total = reduce_cells[first];
  for (var i = 1u; i < LANES / SMALLEST_SUBGROUP; i++) {
    if (i * size >= LANES) {
      break;
    }
    total += reduce_cells[first + i];
  }
  workgroupBarrier();
  return total;
}

fn reduce_max(value: Reduced, lane: u32, size: u32) -> Reduced {
  var best = value;
  if (size > LANES) {
    {
      best = max(best, subgroupShuffleXor(best, 1u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 2u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 4u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 8u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 16u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 32u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 64u));
    }
    return best;
  }
  best = subgroupMax(best);
  if (size == LANES) {
    return best;
  }
  if (lane % size == 0u) {
    reduce_cells[lane / size] = best;
  }
  workgroupBarrier();
  let first = lane / LANES * (LANES / size);
  best = reduce_cells[first];
  for (var i = 1u; i < LANES / SMALLEST_SUBGROUP; i++) {
    if (i * size >= LANES) {
      break;
    }
    best = max(best, reduce_cells[first + i]);
  }
  workgroupBarrier();
  return best;
}



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
@builtin(subgroup_size) subgroup_size: u32,
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
  {
    let at = team_quad(0u, member);
    query[0u] = select(vec4<f32>(), q[head * QUADS + min(at, QUADS - 1u)] * SCALE, at < QUADS);
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
      {
        term = add_dot(term, query[0u], k_quad(at, min(team_quad(0u, member), QUADS - 1u)));
      }
      cells[key * (TEAM + 1u) + member] = term;
    }
    workgroupBarrier();
    var score = 0.0;
    {
      score += cells[lane * (TEAM + 1u) + 0u];
    }
    {
      score += cells[lane * (TEAM + 1u) + 1u];
    }
    {
      score += cells[lane * (TEAM + 1u) + 2u];
    }
    {
      score += cells[lane * (TEAM + 1u) + 3u];
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
        {
          let key = (i * UNROLL + 0u) * SLICES + slice;
          mixed += weights[key] * v_quad(cache + min(first + key, last), quad);
        }
        {
          let key = (i * UNROLL + 1u) * SLICES + slice;
          mixed += weights[key] * v_quad(cache + min(first + key, last), quad);
        }
        {
          let key = (i * UNROLL + 2u) * SLICES + slice;
          mixed += weights[key] * v_quad(cache + min(first + key, last), quad);
        }
        {
          let key = (i * UNROLL + 3u) * SLICES + slice;
          mixed += weights[key] * v_quad(cache + min(first + key, last), quad);
        }
        {
          let key = (i * UNROLL + 4u) * SLICES + slice;
          mixed += weights[key] * v_quad(cache + min(first + key, last), quad);
        }
        {
          let key = (i * UNROLL + 5u) * SLICES + slice;
          mixed += weights[key] * v_quad(cache + min(first + key, last), quad);
        }
        {
          let key = (i * UNROLL + 6u) * SLICES + slice;
          mixed += weights[key] * v_quad(cache + min(first + key, last), quad);
        }
        {
          let key = (i * UNROLL + 7u) * SLICES + slice;
          mixed += weights[key] * v_quad(cache + min(first + key, last), quad);
        }
      }
    }
    workgroupBarrier();
  }

  {
    cells[lane * (TEAM + 1u) + 0u] = mixed[0u];
  }
  {
    cells[lane * (TEAM + 1u) + 1u] = mixed[1u];
  }
  {
    cells[lane * (TEAM + 1u) + 2u] = mixed[2u];
  }
  {
    cells[lane * (TEAM + 1u) + 3u] = mixed[3u];
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
