enable subgroups;
const WG: u32 = 128u;
const KVH: u32 = 1u;
const SCALE: f32 = 0.75;
const STACKED: u32 = 0u;
const HD: u32 = 4u;
const VD: u32 = 8u;
const QUADS: u32 = (HD + 3u) / 4u;
const V_QUADS: u32 = (VD + 3u) / 4u;

// Heads of a row of each, and the first of the keys and values.
const Q_HEADS: u32 = H + STACKED * 2u * KVH;
const K_HEADS: u32 = select(KVH, Q_HEADS, STACKED == 1u);
const K_FIRST: u32 = STACKED * H;
const V_FIRST: u32 = STACKED * (H + KVH);

@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>;

fn k_at(i: u32) -> vec4<f32> {
  return k[i];
}

fn q_quad(row: u32, head: u32, i: u32) -> vec4<f32> {
  return select(vec4<f32>(), q[(row * Q_HEADS + head) * QUADS + min(i, QUADS - 1u)], i < QUADS);
}

fn k_quad(row: u32, head: u32, i: u32) -> vec4<f32> {
  return k_at((row * K_HEADS + K_FIRST + head) * QUADS + min(i, QUADS - 1u));
}

@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>;

fn v_at(i: u32) -> vec4<f32> {
  return v[i];
}
@group(0) @binding(7) var<storage, read_write> y: array<vec4<f32>>;

fn v_quad(row: u32, head: u32, i: u32) -> vec4<f32> {
  return v_at((row * K_HEADS + V_FIRST + head) * V_QUADS + i);
}

fn y_store(head: u32, i: u32, value: vec4<f32>) {
  y[head * V_QUADS + i] = value;
}

const H: u32 = 1u;
const M: u32 = 1u;
const L: u32 = 1u;
// Which of M and L are the step's tokens; else they are what the graph says.
// 0: none. Else keys less far than this from the row's position are seen.
const WINDOW: u32 = 0u;
// 0: none.
const SOFTCAP: f32 = 0.0;


// Stands for the score of a key that is not seen, and is below any other.
const UNSEEN: f32 = -3.0e38;

struct Scope {
  rows: u32,
  keys: u32,
  // Keys before padding.
  real: u32,
  batch: u32,
  head: u32,
}

// Holds a barrier where there are lengths.
fn scope(batch: u32, head: u32, lane: u32) -> Scope {
  var s = Scope(M, L, L, batch, head);
  return s;
}

// The first key that rows from `row` on may see.
fn first_key(s: Scope, row: u32) -> u32 {
  return 0u;
}

// The end of the keys that rows up to `row` may see.
fn end_key(s: Scope, row: u32) -> u32 {
  return s.real;
}


// The scores of four keys, which exist, from their products with the row's query.
fn scores_of(s: Scope, products: vec4<f32>, row: u32, keys: vec4<u32>) -> vec4<f32> {
  let distance = vec4<i32>(keys + s.rows) - i32(row + s.keys);
  var scores = products;
  var seen = keys < vec4<u32>(s.real);
  return select(vec4<f32>(UNSEEN), scores, seen);
}


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
@builtin(subgroup_size) subgroup_size: u32,
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
  {
    query[0u] = q_quad(s.batch * s.rows + row, s.head, 0u * TEAM + member) * SCALE;
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
      {
        term = add_dot(term, query[0u], k_quad(at, kv_head, 0u * TEAM + member));
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
