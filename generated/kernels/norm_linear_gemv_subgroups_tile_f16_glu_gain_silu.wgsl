enable subgroups;
const WG: u32 = 128u;
const LANES: u32 = 64u;
const ROWS: u32 = 4u;
const COLS: u32 = 1u;
const N: u32 = 11264u;
const K: u32 = 2048u;
const K_QUADS: u32 = (K + 3u) / 4u;

@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;

fn x_quad(row: u32, quad: u32) -> vec4<f32> {
  if (!RAGGED) {
    return x[row * K_QUADS + quad];
  }
  return select(vec4<f32>(), x[row * K_QUADS + min(quad, K_QUADS - 1u)], quad < K_QUADS);
}

const EPS: f32 = 0.00001;
@group(0) @binding(6) var<storage, read> g: array<vec4<f32>>;

fn gain_quad(quad: u32) -> vec4<f32> {
  return g[min(quad, K_QUADS - 1u)];
}

var<private> squares: f32;

fn x_part(row: u32, quad: u32) -> vec4<f32> {
  let values = x_quad(row, quad);
  squares += dot(values, values);
  return values * gain_quad(quad);
}

var<workgroup> team_squares: array<f32, NORM_TEAMS>;

// Holds barriers, as reductions do.
fn sum_scale(lane: u32, size: u32) -> f32 {
  var total = reduce_add(Reduced(squares), lane, size).x;
  if (NORM_TEAMS > 1u) {
    if (lane % LANES == 0u) {
      team_squares[lane / LANES] = total;
    }
    workgroupBarrier();
    total = team_squares[0];
    for (var i = 1u; i < NORM_TEAMS; i++) {
      total += team_squares[i];
    }
  }
  return inverseSqrt(total / f32(K) + EPS);
}


const COLUMNS: u32 = K;
const WORD_QUADS: u32 = 2u;
const ROW_WORDS: u32 = (COLUMNS + 7u) / 8u;
alias Word = vec4<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  let halves = select(word.xy, word.zw, q == 1u);
  return vec4<f32>(unpack2x16float(halves.x), unpack2x16float(halves.y));
}
const HAS_MIN: bool = false;

fn word_scale(row: u32, i: u32) -> f32 {
  return 1.0;
}

fn word_min(row: u32, i: u32) -> f32 {
  return 0.0;
}

fn scale_word(row: u32, i: u32) -> u32 {
  return 0u;
}

fn scale_and_min(word: u32, row: u32, i: u32) -> vec2<f32> {
  return vec2<f32>(1.0, 0.0);
}


const LDY: u32 = 5632u;

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

fn act(x: f32) -> f32 {
  return x / (1.0 + exp(min(-x, 80.0)));
}


@group(0) @binding(4) var<storage, read_write> y: array<f32>;
fn biased(n: u32, sum: f32) -> f32 {
  return sum;
}

// Weight rows n and n + 1 are those of the gate and of what it lets through.
fn finish_pair(m: u32, n: u32, gate: f32, up: f32) {
  y[m * LDY + n / 2u] = act(biased(n, gate)) * biased(n + 1u, up);
}

// Sums of neighbouring rows, reduced together.
const PACK: u32 = 4u;
alias Reduced = vec4<f32>;
const PACKS: u32 = (ROWS + PACK - 1u) / PACK;
// Rows that one result takes.
const STEP: u32 = 2u;
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


// Teams of LANES that read x together; elsewhere each reads all of it.
const NORM_TEAMS: u32 = WG / LANES;

// Turns in which the lanes of a row walk along it; in each they cover CHUNK vec4s of x.
const TURNS: u32 = (ROW_WORDS + LANES - 1u) / LANES;
const CHUNK: u32 = LANES * WORD_QUADS;
const RAGGED: bool = TURNS * CHUNK != K_QUADS || K % 4u != 0u;

// [COLS][WORD_QUADS][LANES + 1]: the lanes of a subgroup read neighbours, and write to different banks.
const TILE_STRIDE: u32 = LANES + 1u;
const TILE_TURNS: u32 = (CHUNK + WG - 1u) / WG;
var<workgroup> x_tile: array<vec4<f32>, COLS * WORD_QUADS * TILE_STRIDE>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
@builtin(subgroup_size) subgroup_size: u32,
) {
  let column = lane % LANES;
  let row = (group.x * (WG / LANES) + lane / LANES) * ROWS;
  // The grid has as many rows as x.
  let m_end = group.y + 1u;
  // Rows beyond the last repeat it, and are not stored.
  var x_rows: array<u32, COLS>;
  {
    x_rows[0u] = min(group.y * COLS + 0u, m_end - 1u);
  }

  var sums: array<Reduced, COLS * PACKS>;
  for (var turn = 0u; turn < TURNS; turn++) {
    // The weights' loads come first: they are under way while x is fetched.
    let i = min(turn * LANES + column, ROW_WORDS - 1u);
    var words: array<Word, ROWS>;
    // Scale and minimum.
    var scales: array<vec2<f32>, ROWS>;
    {
      let n = min(row + 0u, N - 1u);
      words[0u] = word_at(n, i);
      scales[0u] = vec2<f32>(word_scale(n, i), word_min(n, i));
    }
    {
      let n = min(row + 1u, N - 1u);
      words[1u] = word_at(n, i);
      scales[1u] = vec2<f32>(word_scale(n, i), word_min(n, i));
    }
    {
      let n = min(row + 2u, N - 1u);
      words[2u] = word_at(n, i);
      scales[2u] = vec2<f32>(word_scale(n, i), word_min(n, i));
    }
    {
      let n = min(row + 3u, N - 1u);
      words[3u] = word_at(n, i);
      scales[3u] = vec2<f32>(word_scale(n, i), word_min(n, i));
    }
    {
      let quad = 0u * WG + lane;
      if (CHUNK % WG == 0u || quad < CHUNK) {
        let to = quad % WORD_QUADS * TILE_STRIDE + quad / WORD_QUADS;
        {
          x_tile[0u * WORD_QUADS * TILE_STRIDE + to] = x_part(x_rows[0u], turn * CHUNK + quad);
        }
      }
    }
    workgroupBarrier();
    // Naga and Tint clear a variable without initial value once a function, not once a turn.
    var dots = array<Reduced, COLS * PACKS>();
    // Sums of x, for what a minimum adds.
    var x_sums = array<f32, COLS>();
    {
      var xs: array<vec4<f32>, COLS>;
      {
        xs[0u] = x_tile[(0u * WORD_QUADS + 0u) * TILE_STRIDE + column];
        if (HAS_MIN) {
          x_sums[0u] += dot(xs[0u], vec4<f32>(1.0));
        }
      }
      {
        let weights = word_quad(words[0u], 0u);
        {
          let sum = dots[0u * PACKS + 0u / PACK][0u % PACK];
          dots[0u * PACKS + 0u / PACK][0u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[1u], 0u);
        {
          let sum = dots[0u * PACKS + 1u / PACK][1u % PACK];
          dots[0u * PACKS + 1u / PACK][1u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[2u], 0u);
        {
          let sum = dots[0u * PACKS + 2u / PACK][2u % PACK];
          dots[0u * PACKS + 2u / PACK][2u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[3u], 0u);
        {
          let sum = dots[0u * PACKS + 3u / PACK][3u % PACK];
          dots[0u * PACKS + 3u / PACK][3u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
    }
    {
      var xs: array<vec4<f32>, COLS>;
      {
        xs[0u] = x_tile[(0u * WORD_QUADS + 1u) * TILE_STRIDE + column];
        if (HAS_MIN) {
          x_sums[0u] += dot(xs[0u], vec4<f32>(1.0));
        }
      }
      {
        let weights = word_quad(words[0u], 1u);
        {
          let sum = dots[0u * PACKS + 0u / PACK][0u % PACK];
          dots[0u * PACKS + 0u / PACK][0u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[1u], 1u);
        {
          let sum = dots[0u * PACKS + 1u / PACK][1u % PACK];
          dots[0u * PACKS + 1u / PACK][1u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[2u], 1u);
        {
          let sum = dots[0u * PACKS + 2u / PACK][2u % PACK];
          dots[0u * PACKS + 2u / PACK][2u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[3u], 1u);
        {
          let sum = dots[0u * PACKS + 3u / PACK][3u % PACK];
          dots[0u * PACKS + 3u / PACK][3u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
    }
    {
      {
        var sum = scales[0u].x * dots[0u * PACKS + 0u / PACK][0u % PACK];
        if (HAS_MIN) {
          sum += scales[0u].y * x_sums[0u];
        }
        sums[0u * PACKS + 0u / PACK][0u % PACK] += sum;
      }
    }
    {
      {
        var sum = scales[1u].x * dots[0u * PACKS + 1u / PACK][1u % PACK];
        if (HAS_MIN) {
          sum += scales[1u].y * x_sums[0u];
        }
        sums[0u * PACKS + 1u / PACK][1u % PACK] += sum;
      }
    }
    {
      {
        var sum = scales[2u].x * dots[0u * PACKS + 2u / PACK][2u % PACK];
        if (HAS_MIN) {
          sum += scales[2u].y * x_sums[0u];
        }
        sums[0u * PACKS + 2u / PACK][2u % PACK] += sum;
      }
    }
    {
      {
        var sum = scales[3u].x * dots[0u * PACKS + 3u / PACK][3u % PACK];
        if (HAS_MIN) {
          sum += scales[3u].y * x_sums[0u];
        }
        sums[0u * PACKS + 3u / PACK][3u % PACK] += sum;
      }
    }
    workgroupBarrier();
  }

  let scale = sum_scale(lane, subgroup_size);
  {
    sums[0u] = scale * reduce_add(sums[0u], lane, subgroup_size);
  }
  if (column != 0u) {
    return;
  }
  {
    let m = group.y * COLS + 0u;
    {
      if (m < m_end && row + 0u < N) {
    finish_pair(m, row + 0u, sums[0u * PACKS + 0u / PACK][0u % PACK], sums[0u * PACKS + 0u / PACK][0u % PACK + 1u]);
      }
    }
    {
      if (m < m_end && row + 2u < N) {
    finish_pair(m, row + 2u, sums[0u * PACKS + 2u / PACK][2u % PACK], sums[0u * PACKS + 2u / PACK][2u % PACK + 1u]);
      }
    }
  }
}

