alias Quad = vec4<f32>;
// How the lanes are counted: in one dimension, or in TX columns and TY rows, where a subgroup's lanes need not be
// neighbours.
const TX: u32 = 8u;
const TY: u32 = 8u;
const CHUNK: u32 = 8u;
const KVH: u32 = 2u;
const SCALE: f32 = 0.2651650429449553;
const STACKED: u32 = 0u;
const HD: u32 = 32u;
const VD: u32 = 32u;
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

const H: u32 = 2u;
const M: u32 = 32u;
const L: u32 = 32u;
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

const WG: u32 = TX * TY;
const LANES: u32 = TX;
// A component a row.
alias Reduced = vec4<f32>;
var<workgroup> reduce_cells: array<Reduced, WG>;

// The shape with subgroups is told their size; here the name only fills its place in calls.
const subgroup_size: u32 = 1u;

fn reduce_add(value: Reduced, lane: u32, size: u32) -> Reduced {
  let i = lane % LANES;
  var total = value;
  reduce_cells[lane] = total;
  workgroupBarrier();
  {
    if (i < max(8u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(8u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(8u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(8u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 4u * max(8u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 5u * max(8u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 6u * max(8u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 7u * max(8u / 8u, 1u)];
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
    if (i < max(8u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(8u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(8u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(8u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 4u * max(8u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 5u * max(8u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 6u * max(8u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 7u * max(8u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  best = reduce_cells[lane - i];
  workgroupBarrier();
  return best;
}



const BQ: u32 = 4u * TY;
const BK: u32 = 4u * TX;
const TILES: u32 = (L + BK - 1u) / BK;
const CHUNKS: u32 = (QUADS + CHUNK - 1u) / CHUNK;
// One quad more than a row needs: lanes that read rows side by side then meet different banks.
const STRIDE: u32 = CHUNK + 1u;
const QK_CELLS: u32 = (BQ + BK) * STRIDE;
// Whole turns: TX, TY and CHUNK are powers of two, and neither of the first is above 4 CHUNK.
const Q_TURNS: u32 = BQ * CHUNK / WG;
const K_TURNS: u32 = BK * CHUNK / WG;
// Quads of values for a lane, TX apart.
const TV: u32 = (V_QUADS + TX - 1u) / TX;
// Turns in which the values of a tile pass, such that they fit where queries and keys were.
const V_TURNS: u32 = 1u;
const VK: u32 = BK / V_TURNS;
const V_STRIDE: u32 = TV * TX;

// Queries, then keys; and values in their turn.
var<workgroup> tile: array<Quad, max(QK_CELLS, VK * V_STRIDE)>;
// [BQ][TX]: the weights of four keys to a quad.
const W_STRIDE: u32 = TX + 1u;
var<workgroup> weights: array<Quad, BQ * W_STRIDE>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let tx = lane % TX;
  let ty = lane / TX;
  let s = scope(group.z, group.x, lane);
  let kv_head = group.x / (H / KVH);
  let row = group.y * BQ;
  // Rows beyond the last repeat it, and are not stored.
  let last_row = s.rows - 1u;
  let begin = first_key(s, row);
  let end = end_key(s, min(row + BQ - 1u, last_row));
  var highest = vec4<f32>(UNSEEN);
  // Of this lane's keys alone; the sum over lanes waits until the end.
  var total = vec4<f32>();
  var mixed: array<array<vec4<f32>, TV>, 4>;
  for (var turn = 0u; turn < TILES; turn++) {
    let first = begin + turn * BK;
    if (first >= end) {
      break;
    }
    // Keys beyond the last repeat it, and are not seen.
    let last_key = end - 1u;
    var scores = array<vec4<f32>, 4>();
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      {
        let unit = 0u * WG + lane;
        let m = min(row + unit / CHUNK, last_row);
        let quad = q_quad(s.batch * s.rows + m, s.head, chunk * CHUNK + unit % CHUNK);
        tile[unit / CHUNK * STRIDE + unit % CHUNK] = Quad(quad * SCALE);
      }
      {
        let unit = 1u * WG + lane;
        let m = min(row + unit / CHUNK, last_row);
        let quad = q_quad(s.batch * s.rows + m, s.head, chunk * CHUNK + unit % CHUNK);
        tile[unit / CHUNK * STRIDE + unit % CHUNK] = Quad(quad * SCALE);
      }
      {
        let unit = 2u * WG + lane;
        let m = min(row + unit / CHUNK, last_row);
        let quad = q_quad(s.batch * s.rows + m, s.head, chunk * CHUNK + unit % CHUNK);
        tile[unit / CHUNK * STRIDE + unit % CHUNK] = Quad(quad * SCALE);
      }
      {
        let unit = 3u * WG + lane;
        let m = min(row + unit / CHUNK, last_row);
        let quad = q_quad(s.batch * s.rows + m, s.head, chunk * CHUNK + unit % CHUNK);
        tile[unit / CHUNK * STRIDE + unit % CHUNK] = Quad(quad * SCALE);
      }
      {
        let unit = 0u * WG + lane;
        let key = unit / CHUNK;
        let n = min(first + key, last_key);
        let quad = k_quad(s.batch * s.keys + n, kv_head, chunk * CHUNK + unit % CHUNK);
        // A lane's keys are neighbours; in the tile they lie TX apart, so that lanes read side by side.
        tile[(BQ + key % 4u * TX + key / 4u) * STRIDE + unit % CHUNK] = Quad(quad);
      }
      {
        let unit = 1u * WG + lane;
        let key = unit / CHUNK;
        let n = min(first + key, last_key);
        let quad = k_quad(s.batch * s.keys + n, kv_head, chunk * CHUNK + unit % CHUNK);
        // A lane's keys are neighbours; in the tile they lie TX apart, so that lanes read side by side.
        tile[(BQ + key % 4u * TX + key / 4u) * STRIDE + unit % CHUNK] = Quad(quad);
      }
      {
        let unit = 2u * WG + lane;
        let key = unit / CHUNK;
        let n = min(first + key, last_key);
        let quad = k_quad(s.batch * s.keys + n, kv_head, chunk * CHUNK + unit % CHUNK);
        // A lane's keys are neighbours; in the tile they lie TX apart, so that lanes read side by side.
        tile[(BQ + key % 4u * TX + key / 4u) * STRIDE + unit % CHUNK] = Quad(quad);
      }
      {
        let unit = 3u * WG + lane;
        let key = unit / CHUNK;
        let n = min(first + key, last_key);
        let quad = k_quad(s.batch * s.keys + n, kv_head, chunk * CHUNK + unit % CHUNK);
        // A lane's keys are neighbours; in the tile they lie TX apart, so that lanes read side by side.
        tile[(BQ + key % 4u * TX + key / 4u) * STRIDE + unit % CHUNK] = Quad(quad);
      }
      workgroupBarrier();
      for (var c = 0u; c < CHUNK; c++) {
        var keys: array<Quad, 4>;
        {
          keys[0u] = tile[(BQ + 0u * TX + tx) * STRIDE + c];
        }
        {
          keys[1u] = tile[(BQ + 1u * TX + tx) * STRIDE + c];
        }
        {
          keys[2u] = tile[(BQ + 2u * TX + tx) * STRIDE + c];
        }
        {
          keys[3u] = tile[(BQ + 3u * TX + tx) * STRIDE + c];
        }
        {
          let query = tile[(0u * TY + ty) * STRIDE + c];
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[0u][0u] = add_dot(scores[0u][0u], vec4<f32>(query), vec4<f32>(keys[0u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[0u][1u] = add_dot(scores[0u][1u], vec4<f32>(query), vec4<f32>(keys[1u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[0u][2u] = add_dot(scores[0u][2u], vec4<f32>(query), vec4<f32>(keys[2u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[0u][3u] = add_dot(scores[0u][3u], vec4<f32>(query), vec4<f32>(keys[3u]));
          }
        }
        {
          let query = tile[(1u * TY + ty) * STRIDE + c];
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[1u][0u] = add_dot(scores[1u][0u], vec4<f32>(query), vec4<f32>(keys[0u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[1u][1u] = add_dot(scores[1u][1u], vec4<f32>(query), vec4<f32>(keys[1u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[1u][2u] = add_dot(scores[1u][2u], vec4<f32>(query), vec4<f32>(keys[2u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[1u][3u] = add_dot(scores[1u][3u], vec4<f32>(query), vec4<f32>(keys[3u]));
          }
        }
        {
          let query = tile[(2u * TY + ty) * STRIDE + c];
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[2u][0u] = add_dot(scores[2u][0u], vec4<f32>(query), vec4<f32>(keys[0u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[2u][1u] = add_dot(scores[2u][1u], vec4<f32>(query), vec4<f32>(keys[1u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[2u][2u] = add_dot(scores[2u][2u], vec4<f32>(query), vec4<f32>(keys[2u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[2u][3u] = add_dot(scores[2u][3u], vec4<f32>(query), vec4<f32>(keys[3u]));
          }
        }
        {
          let query = tile[(3u * TY + ty) * STRIDE + c];
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[3u][0u] = add_dot(scores[3u][0u], vec4<f32>(query), vec4<f32>(keys[0u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[3u][1u] = add_dot(scores[3u][1u], vec4<f32>(query), vec4<f32>(keys[1u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[3u][2u] = add_dot(scores[3u][2u], vec4<f32>(query), vec4<f32>(keys[2u]));
          }
          {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[3u][3u] = add_dot(scores[3u][3u], vec4<f32>(query), vec4<f32>(keys[3u]));
          }
        }
      }
      workgroupBarrier();
    }

    let own = vec4<u32>(first + 4u * tx) + vec4<u32>(0u, 1u, 2u, 3u);
    let known = own <= vec4<u32>(last_key);
    var peak = vec4<f32>();
    {
      let m = min(row + 0u * TY + ty, last_row);
      let all = scores_of(s, scores[0u], m, min(own, vec4<u32>(last_key)));
      scores[0u] = select(vec4<f32>(UNSEEN), all, known);
      peak[0u] = max(max(scores[0u].x, scores[0u].y), max(scores[0u].z, scores[0u].w));
    }
    {
      let m = min(row + 1u * TY + ty, last_row);
      let all = scores_of(s, scores[1u], m, min(own, vec4<u32>(last_key)));
      scores[1u] = select(vec4<f32>(UNSEEN), all, known);
      peak[1u] = max(max(scores[1u].x, scores[1u].y), max(scores[1u].z, scores[1u].w));
    }
    {
      let m = min(row + 2u * TY + ty, last_row);
      let all = scores_of(s, scores[2u], m, min(own, vec4<u32>(last_key)));
      scores[2u] = select(vec4<f32>(UNSEEN), all, known);
      peak[2u] = max(max(scores[2u].x, scores[2u].y), max(scores[2u].z, scores[2u].w));
    }
    {
      let m = min(row + 3u * TY + ty, last_row);
      let all = scores_of(s, scores[3u], m, min(own, vec4<u32>(last_key)));
      scores[3u] = select(vec4<f32>(UNSEEN), all, known);
      peak[3u] = max(max(scores[3u].x, scores[3u].y), max(scores[3u].z, scores[3u].w));
    }
    peak = max(highest, reduce_max(peak, lane, subgroup_size));
    let fade = exp(highest - peak);
    highest = peak;
    total *= fade;
    {
      let seen = scores[0u] > vec4<f32>(UNSEEN);
      let weight = select(vec4<f32>(), exp(scores[0u] - peak[0u]), seen);
      weights[(0u * TY + ty) * W_STRIDE + tx] = Quad(weight);
      total[0u] += dot(weight, vec4<f32>(1.0));
      {
        mixed[0u][0u] *= fade[0u];
      }
    }
    {
      let seen = scores[1u] > vec4<f32>(UNSEEN);
      let weight = select(vec4<f32>(), exp(scores[1u] - peak[1u]), seen);
      weights[(1u * TY + ty) * W_STRIDE + tx] = Quad(weight);
      total[1u] += dot(weight, vec4<f32>(1.0));
      {
        mixed[1u][0u] *= fade[1u];
      }
    }
    {
      let seen = scores[2u] > vec4<f32>(UNSEEN);
      let weight = select(vec4<f32>(), exp(scores[2u] - peak[2u]), seen);
      weights[(2u * TY + ty) * W_STRIDE + tx] = Quad(weight);
      total[2u] += dot(weight, vec4<f32>(1.0));
      {
        mixed[2u][0u] *= fade[2u];
      }
    }
    {
      let seen = scores[3u] > vec4<f32>(UNSEEN);
      let weight = select(vec4<f32>(), exp(scores[3u] - peak[3u]), seen);
      weights[(3u * TY + ty) * W_STRIDE + tx] = Quad(weight);
      total[3u] += dot(weight, vec4<f32>(1.0));
      {
        mixed[3u][0u] *= fade[3u];
      }
    }

    for (var t = 0u; t < V_TURNS; t++) {
      for (var unit = lane; unit < VK * V_QUADS; unit += WG) {
        let n = min(first + t * VK + unit / V_QUADS, last_key);
        let quad = v_quad(s.batch * s.keys + n, kv_head, unit % V_QUADS);
        tile[unit / V_QUADS * V_STRIDE + unit % V_QUADS] = Quad(quad);
      }
      workgroupBarrier();
      for (var g = 0u; g < VK / 4u; g++) {
        var weight: array<Quad, 4>;
        {
          weight[0u] = weights[(0u * TY + ty) * W_STRIDE + t * (VK / 4u) + g];
        }
        {
          weight[1u] = weights[(1u * TY + ty) * W_STRIDE + t * (VK / 4u) + g];
        }
        {
          weight[2u] = weights[(2u * TY + ty) * W_STRIDE + t * (VK / 4u) + g];
        }
        {
          weight[3u] = weights[(3u * TY + ty) * W_STRIDE + t * (VK / 4u) + g];
        }
        {
          var values: array<Quad, 4>;
          {
            values[0u] = tile[(4u * g + 0u) * V_STRIDE + 0u * TX + tx];
          }
          {
            values[1u] = tile[(4u * g + 1u) * V_STRIDE + 0u * TX + tx];
          }
          {
            values[2u] = tile[(4u * g + 2u) * V_STRIDE + 0u * TX + tx];
          }
          {
            values[3u] = tile[(4u * g + 3u) * V_STRIDE + 0u * TX + tx];
          }
          {
            let w = weight[0u];
            mixed[0u][0u] += vec4<f32>(w.x * values[0] + w.y * values[1] + w.z * values[2] + w.w * values[3]);
          }
          {
            let w = weight[1u];
            mixed[1u][0u] += vec4<f32>(w.x * values[0] + w.y * values[1] + w.z * values[2] + w.w * values[3]);
          }
          {
            let w = weight[2u];
            mixed[2u][0u] += vec4<f32>(w.x * values[0] + w.y * values[1] + w.z * values[2] + w.w * values[3]);
          }
          {
            let w = weight[3u];
            mixed[3u][0u] += vec4<f32>(w.x * values[0] + w.y * values[1] + w.z * values[2] + w.w * values[3]);
          }
        }
      }
      workgroupBarrier();
    }
  }

  total = reduce_add(total, lane, subgroup_size);
  {
    let m = row + 0u * TY + ty;
    if (m <= last_row) {
      {
        if (0u * TX + tx < V_QUADS) {
          // The highest score weighs 1, so less than that is a row that sees no key.
          y_store((s.batch * s.rows + m) * H + s.head, 0u * TX + tx, mixed[0u][0u] / max(total[0u], 0.5));
        }
      }
    }
  }
  {
    let m = row + 1u * TY + ty;
    if (m <= last_row) {
      {
        if (0u * TX + tx < V_QUADS) {
          // The highest score weighs 1, so less than that is a row that sees no key.
          y_store((s.batch * s.rows + m) * H + s.head, 0u * TX + tx, mixed[1u][0u] / max(total[1u], 0.5));
        }
      }
    }
  }
  {
    let m = row + 2u * TY + ty;
    if (m <= last_row) {
      {
        if (0u * TX + tx < V_QUADS) {
          // The highest score weighs 1, so less than that is a row that sees no key.
          y_store((s.batch * s.rows + m) * H + s.head, 0u * TX + tx, mixed[2u][0u] / max(total[2u], 0.5));
        }
      }
    }
  }
  {
    let m = row + 3u * TY + ty;
    if (m <= last_row) {
      {
        if (0u * TX + tx < V_QUADS) {
          // The highest score weighs 1, so less than that is a row that sees no key.
          y_store((s.batch * s.rows + m) * H + s.head, 0u * TX + tx, mixed[3u][0u] / max(total[3u], 0.5));
        }
      }
    }
  }
}
