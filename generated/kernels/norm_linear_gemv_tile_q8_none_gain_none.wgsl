const WG: u32 = 128u;
const LANES: u32 = 64u;
const ROWS: u32 = 4u;
const COLS: u32 = 1u;
const N: u32 = 32000u;
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
const G: u32 = 64u;
const GROUP: u32 = G;
const ROW_GROUPS: u32 = (COLUMNS + GROUP - 1u) / GROUP;
const ROW_WORDS: u32 = ROW_GROUPS * GROUP / (4u * WORD_QUADS);

// The group of the i-th word of a row, among those of all rows.
fn group_of(row: u32, i: u32) -> u32 {
  return row * ROW_GROUPS + i * (4u * WORD_QUADS) / GROUP;
}

const HAS_MIN: bool = false;

@group(0) @binding(2) var<storage, read> w_scale: array<u32>;

fn word_scale(row: u32, i: u32) -> f32 {
  let at = group_of(row, i);
  let pair = unpack2x16float(w_scale[at / 2u]);
  return select(pair.x, pair.y, at % 2u == 1u);
}

fn word_min(row: u32, i: u32) -> f32 {
  return 0.0;
}

// What is loaded of them, and what that means: scale and minimum. Kernels that load ahead make numbers of it later.
fn scale_word(row: u32, i: u32) -> u32 {
  return w_scale[group_of(row, i) / 2u];
}

fn scale_and_min(word: u32, row: u32, i: u32) -> vec2<f32> {
  let pair = unpack2x16float(word);
  return vec2<f32>(select(pair.x, pair.y, group_of(row, i) % 2u == 1u), 0.0);
}

const WORD_QUADS: u32 = 4u;
alias Word = vec4<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  // Each byte goes to the top, and comes back with its sign.
  return vec4<f32>(vec4<i32>(vec4<u32>(word[q]) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}

const LDY: u32 = 32000u;

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
  return x;
}


@group(0) @binding(4) var<storage, read_write> y: array<f32>;
fn biased(n: u32, sum: f32) -> f32 {
  return sum;
}

fn finish(m: u32, n: u32, sum: f32) {
  y[m * LDY + n] = act(biased(n, sum));
}

// Sums of neighbouring rows, reduced together.
const PACK: u32 = 4u;
alias Reduced = vec4<f32>;
const PACKS: u32 = (ROWS + PACK - 1u) / PACK;
// Rows that one result takes.
const STEP: u32 = 1u;
var<workgroup> reduce_cells: array<Reduced, WG>;

// The shape with subgroups is told their size; here the name only fills its place in calls.
const subgroup_size: u32 = 1u;

fn reduce_add(value: Reduced, lane: u32, size: u32) -> Reduced {
  let i = lane % LANES;
  var total = value;
  reduce_cells[lane] = total;
  workgroupBarrier();
  {
    if (i < max(64u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(64u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(64u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(64u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 4u * max(64u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 5u * max(64u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 6u * max(64u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 7u * max(64u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
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
    if (i < max(64u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(64u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(64u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(64u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 4u * max(64u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 5u * max(64u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 6u * max(64u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 7u * max(64u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
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
    {
      let quad = 1u * WG + lane;
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
      var xs: array<vec4<f32>, COLS>;
      {
        xs[0u] = x_tile[(0u * WORD_QUADS + 2u) * TILE_STRIDE + column];
        if (HAS_MIN) {
          x_sums[0u] += dot(xs[0u], vec4<f32>(1.0));
        }
      }
      {
        let weights = word_quad(words[0u], 2u);
        {
          let sum = dots[0u * PACKS + 0u / PACK][0u % PACK];
          dots[0u * PACKS + 0u / PACK][0u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[1u], 2u);
        {
          let sum = dots[0u * PACKS + 1u / PACK][1u % PACK];
          dots[0u * PACKS + 1u / PACK][1u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[2u], 2u);
        {
          let sum = dots[0u * PACKS + 2u / PACK][2u % PACK];
          dots[0u * PACKS + 2u / PACK][2u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[3u], 2u);
        {
          let sum = dots[0u * PACKS + 3u / PACK][3u % PACK];
          dots[0u * PACKS + 3u / PACK][3u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
    }
    {
      var xs: array<vec4<f32>, COLS>;
      {
        xs[0u] = x_tile[(0u * WORD_QUADS + 3u) * TILE_STRIDE + column];
        if (HAS_MIN) {
          x_sums[0u] += dot(xs[0u], vec4<f32>(1.0));
        }
      }
      {
        let weights = word_quad(words[0u], 3u);
        {
          let sum = dots[0u * PACKS + 0u / PACK][0u % PACK];
          dots[0u * PACKS + 0u / PACK][0u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[1u], 3u);
        {
          let sum = dots[0u * PACKS + 1u / PACK][1u % PACK];
          dots[0u * PACKS + 1u / PACK][1u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[2u], 3u);
        {
          let sum = dots[0u * PACKS + 2u / PACK][2u % PACK];
          dots[0u * PACKS + 2u / PACK][2u % PACK] = add_dot(sum, weights, xs[0u]);
        }
      }
      {
        let weights = word_quad(words[3u], 3u);
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
        finish(m, row + 0u, sums[0u * PACKS + 0u / PACK][0u % PACK]);
      }
    }
    {
      if (m < m_end && row + 1u < N) {
        finish(m, row + 1u, sums[0u * PACKS + 1u / PACK][1u % PACK]);
      }
    }
    {
      if (m < m_end && row + 2u < N) {
        finish(m, row + 2u, sums[0u * PACKS + 2u / PACK][2u % PACK]);
      }
    }
    {
      if (m < m_end && row + 3u < N) {
        finish(m, row + 3u, sums[0u * PACKS + 3u / PACK][3u % PACK]);
      }
    }
  }
}

