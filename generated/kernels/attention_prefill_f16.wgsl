const WG: u32 = 128u;
const BQ: u32 = 8u;
// Values whose loads are under way at a time.
const UNROLL: u32 = 4u;
const H: u32 = 32u;
const KVH: u32 = 4u;
const HD: u32 = 64u;
const C: u32 = 2048u;
const SCALE: f32 = 0.125;
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
alias KvPair = u32;
alias KvItem = vec2<u32>;

fn kv_store(pair: vec2<f32>) -> KvPair {
  return pack2x16float(pair);
}

fn kv_load(quad: KvItem) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(quad.x), unpack2x16float(quad.y));
}

@group(0) @binding(1) var<storage, read_write> k: array<KvItem>;
@group(0) @binding(2) var<storage, read_write> v: array<KvItem>;

fn k_quad(row: u32, quad: u32) -> vec4<f32> {
  return kv_load(k[row * QUADS + quad]);
}

fn v_quad(row: u32, quad: u32) -> vec4<f32> {
  return kv_load(v[row * QUADS + quad]);
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

  {
    let unit = 0u * WG + lane;
    if (BQ * QUADS % WG == 0u || unit < BQ * QUADS) {
      let m = min(row + unit / QUADS, last_row);
      queries[unit] = q[(m * H + head) * QUADS + unit % QUADS] * SCALE;
    }
  }
  workgroupBarrier();

  for (var i = WG + lane; i < STRIDE; i += WG) {
    {
      weights[0u * STRIDE + i] = 0.0;
    }
    {
      weights[1u * STRIDE + i] = 0.0;
    }
    {
      weights[2u * STRIDE + i] = 0.0;
    }
    {
      weights[3u * STRIDE + i] = 0.0;
    }
    {
      weights[4u * STRIDE + i] = 0.0;
    }
    {
      weights[5u * STRIDE + i] = 0.0;
    }
    {
      weights[6u * STRIDE + i] = 0.0;
    }
    {
      weights[7u * STRIDE + i] = 0.0;
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
        {
          scores[0u] = add_dot(scores[0u], key, queries[0u * QUADS + i]);
        }
        {
          scores[1u] = add_dot(scores[1u], key, queries[1u * QUADS + i]);
        }
        {
          scores[2u] = add_dot(scores[2u], key, queries[2u * QUADS + i]);
        }
        {
          scores[3u] = add_dot(scores[3u], key, queries[3u * QUADS + i]);
        }
        {
          scores[4u] = add_dot(scores[4u], key, queries[4u * QUADS + i]);
        }
        {
          scores[5u] = add_dot(scores[5u], key, queries[5u * QUADS + i]);
        }
        {
          scores[6u] = add_dot(scores[6u], key, queries[6u * QUADS + i]);
        }
        {
          scores[7u] = add_dot(scores[7u], key, queries[7u * QUADS + i]);
        }
      }
    }
    {
      weights[0u * STRIDE + lane] = cap(scores[0u]);
    }
    {
      weights[1u * STRIDE + lane] = cap(scores[1u]);
    }
    {
      weights[2u * STRIDE + lane] = cap(scores[2u]);
    }
    {
      weights[3u * STRIDE + lane] = cap(scores[3u]);
    }
    {
      weights[4u * STRIDE + lane] = cap(scores[4u]);
    }
    {
      weights[5u * STRIDE + lane] = cap(scores[5u]);
    }
    {
      weights[6u * STRIDE + lane] = cap(scores[6u]);
    }
    {
      weights[7u * STRIDE + lane] = cap(scores[7u]);
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
      {
        mixed[0u] *= fades[0u];
      }
      {
        mixed[1u] *= fades[1u];
      }
      {
        mixed[2u] *= fades[2u];
      }
      {
        mixed[3u] *= fades[3u];
      }
      {
        mixed[4u] *= fades[4u];
      }
      {
        mixed[5u] *= fades[5u];
      }
      {
        mixed[6u] *= fades[6u];
      }
      {
        mixed[7u] *= fades[7u];
      }
      for (var i = 0u; i < SLICE_TURNS; i++) {
        {
          let key = (i * UNROLL + 0u) * SLICES + slice;
          // Behind the last key nothing was ever written: those places repeat the last, with weight 0.
          let value = v_quad(cache + min(first + key, keys - 1u), quad);
          {
            mixed[0u] += weights[0u * STRIDE + key] * value;
          }
          {
            mixed[1u] += weights[1u * STRIDE + key] * value;
          }
          {
            mixed[2u] += weights[2u * STRIDE + key] * value;
          }
          {
            mixed[3u] += weights[3u * STRIDE + key] * value;
          }
          {
            mixed[4u] += weights[4u * STRIDE + key] * value;
          }
          {
            mixed[5u] += weights[5u * STRIDE + key] * value;
          }
          {
            mixed[6u] += weights[6u * STRIDE + key] * value;
          }
          {
            mixed[7u] += weights[7u * STRIDE + key] * value;
          }
        }
        {
          let key = (i * UNROLL + 1u) * SLICES + slice;
          // Behind the last key nothing was ever written: those places repeat the last, with weight 0.
          let value = v_quad(cache + min(first + key, keys - 1u), quad);
          {
            mixed[0u] += weights[0u * STRIDE + key] * value;
          }
          {
            mixed[1u] += weights[1u * STRIDE + key] * value;
          }
          {
            mixed[2u] += weights[2u * STRIDE + key] * value;
          }
          {
            mixed[3u] += weights[3u * STRIDE + key] * value;
          }
          {
            mixed[4u] += weights[4u * STRIDE + key] * value;
          }
          {
            mixed[5u] += weights[5u * STRIDE + key] * value;
          }
          {
            mixed[6u] += weights[6u * STRIDE + key] * value;
          }
          {
            mixed[7u] += weights[7u * STRIDE + key] * value;
          }
        }
        {
          let key = (i * UNROLL + 2u) * SLICES + slice;
          // Behind the last key nothing was ever written: those places repeat the last, with weight 0.
          let value = v_quad(cache + min(first + key, keys - 1u), quad);
          {
            mixed[0u] += weights[0u * STRIDE + key] * value;
          }
          {
            mixed[1u] += weights[1u * STRIDE + key] * value;
          }
          {
            mixed[2u] += weights[2u * STRIDE + key] * value;
          }
          {
            mixed[3u] += weights[3u * STRIDE + key] * value;
          }
          {
            mixed[4u] += weights[4u * STRIDE + key] * value;
          }
          {
            mixed[5u] += weights[5u * STRIDE + key] * value;
          }
          {
            mixed[6u] += weights[6u * STRIDE + key] * value;
          }
          {
            mixed[7u] += weights[7u * STRIDE + key] * value;
          }
        }
        {
          let key = (i * UNROLL + 3u) * SLICES + slice;
          // Behind the last key nothing was ever written: those places repeat the last, with weight 0.
          let value = v_quad(cache + min(first + key, keys - 1u), quad);
          {
            mixed[0u] += weights[0u * STRIDE + key] * value;
          }
          {
            mixed[1u] += weights[1u * STRIDE + key] * value;
          }
          {
            mixed[2u] += weights[2u * STRIDE + key] * value;
          }
          {
            mixed[3u] += weights[3u * STRIDE + key] * value;
          }
          {
            mixed[4u] += weights[4u * STRIDE + key] * value;
          }
          {
            mixed[5u] += weights[5u * STRIDE + key] * value;
          }
          {
            mixed[6u] += weights[6u * STRIDE + key] * value;
          }
          {
            mixed[7u] += weights[7u * STRIDE + key] * value;
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
      {
        queries[0u * QUADS + quad] = select(queries[0u * QUADS + quad], vec4<f32>(), i == 0u) + mixed[0u];
      }
      {
        queries[1u * QUADS + quad] = select(queries[1u * QUADS + quad], vec4<f32>(), i == 0u) + mixed[1u];
      }
      {
        queries[2u * QUADS + quad] = select(queries[2u * QUADS + quad], vec4<f32>(), i == 0u) + mixed[2u];
      }
      {
        queries[3u * QUADS + quad] = select(queries[3u * QUADS + quad], vec4<f32>(), i == 0u) + mixed[3u];
      }
      {
        queries[4u * QUADS + quad] = select(queries[4u * QUADS + quad], vec4<f32>(), i == 0u) + mixed[4u];
      }
      {
        queries[5u * QUADS + quad] = select(queries[5u * QUADS + quad], vec4<f32>(), i == 0u) + mixed[5u];
      }
      {
        queries[6u * QUADS + quad] = select(queries[6u * QUADS + quad], vec4<f32>(), i == 0u) + mixed[6u];
      }
      {
        queries[7u * QUADS + quad] = select(queries[7u * QUADS + quad], vec4<f32>(), i == 0u) + mixed[7u];
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
