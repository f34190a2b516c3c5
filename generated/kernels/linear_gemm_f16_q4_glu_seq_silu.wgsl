enable f16;
alias Quad = vec4<f16>;
// How the lanes are counted: in one dimension, or in WX columns and WY rows.
const WX: u32 = 8u;
const WY: u32 = 8u;
const TM: u32 = 4u;
const TN: u32 = 4u;
const TK: u32 = 16u;
// Vec4s of a tile's columns in a turn of the inner loop.
const UNROLL: u32 = 2u;
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

// The four bytes of a word, lowest first. A byte to a float is one instruction on most devices.
fn bytes_quad(bytes: u32) -> vec4<f32> {
  return vec4<f32>((vec4<u32>(bytes) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(255u));
}

const WORD_QUADS: u32 = 8u;
alias Word = vec4<u32>;

fn word_packed(word: Word, q: u32) -> u32 {
  // Masked before they are parted.
  return (word[q / 2u] >> (q % 2u * 4u)) & 0x0f0f0f0fu;
}


@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

const PACKED_ABOVE: u32 = 8u;

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return bytes_quad(word_packed(word, q)) - f32(PACKED_ABOVE);
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


fn row_count() -> u32 {
  return step.seq;
}


const WG: u32 = WX * WY;
const BM: u32 = WY * TM;
const BN: u32 = WX * TN;
const QUADS: u32 = TK / 4u;
const TILES: u32 = (K + TK - 1u) / TK;
const RAGGED: bool = K % TK != 0u;
// One vec4 more than a row needs: lanes that read rows side by side then meet different banks.
const STRIDE: u32 = QUADS + 1u;
const X_TURNS: u32 = (BM * QUADS + WG - 1u) / WG;
const W_TURNS: u32 = (BN * QUADS + WG - 1u) / WG;
// Columns that one result takes.
const STEP: u32 = 2u;

var<workgroup> x_tile: array<Quad, BM * STRIDE>;
var<workgroup> w_tile: array<Quad, BN * STRIDE>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % WX;
  let ty = lane / WX;
  // Rows beyond the last repeat it, and are not stored.
  let m_last = row_count() - 1u;
  var sums: array<array<f32, TN>, TM>;
  for (var tile = 0u; tile < TILES; tile++) {
    {
      let unit = 0u * WG + lane;
      if (BM * QUADS % WG == 0u || unit < BM * QUADS) {
        let m = min(group.y * BM + unit / QUADS, m_last);
        x_tile[unit / QUADS * STRIDE + unit % QUADS] = Quad(x_quad(m, tile * QUADS + unit % QUADS));
      }
    }
    {
      let unit = 1u * WG + lane;
      if (BM * QUADS % WG == 0u || unit < BM * QUADS) {
        let m = min(group.y * BM + unit / QUADS, m_last);
        x_tile[unit / QUADS * STRIDE + unit % QUADS] = Quad(x_quad(m, tile * QUADS + unit % QUADS));
      }
    }
    {
      let unit = 0u * WG + lane;
      if (BN * QUADS % WG == 0u || unit < BN * QUADS) {
        let column = unit / QUADS;
        let n = min(group.x * BN + column, N - 1u);
        // Beyond the row's end any weight does: x is 0 there.
        let quad = tile * QUADS + unit % QUADS;
        let i = min(quad / WORD_QUADS, ROW_WORDS - 1u);
        let weights = word_quad(word_at(n, i), quad % WORD_QUADS) * word_scale(n, i) + word_min(n, i);
        // A lane's columns are neighbours; in the tile they lie WX apart, so that lanes read side by side.
        w_tile[(column % TN * WX + column / TN) * STRIDE + unit % QUADS] = Quad(weights);
      }
    }
    {
      let unit = 1u * WG + lane;
      if (BN * QUADS % WG == 0u || unit < BN * QUADS) {
        let column = unit / QUADS;
        let n = min(group.x * BN + column, N - 1u);
        // Beyond the row's end any weight does: x is 0 there.
        let quad = tile * QUADS + unit % QUADS;
        let i = min(quad / WORD_QUADS, ROW_WORDS - 1u);
        let weights = word_quad(word_at(n, i), quad % WORD_QUADS) * word_scale(n, i) + word_min(n, i);
        // A lane's columns are neighbours; in the tile they lie WX apart, so that lanes read side by side.
        w_tile[(column % TN * WX + column / TN) * STRIDE + unit % QUADS] = Quad(weights);
      }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < QUADS / UNROLL; turn++) {
      {
        let q = turn * UNROLL + 0u;
        var ws: array<Quad, TN>;
        {
          ws[0u] = w_tile[(0u * WX + tx) * STRIDE + q];
        }
        {
          ws[1u] = w_tile[(1u * WX + tx) * STRIDE + q];
        }
        {
          ws[2u] = w_tile[(2u * WX + tx) * STRIDE + q];
        }
        {
          ws[3u] = w_tile[(3u * WX + tx) * STRIDE + q];
        }
        {
          let xs = x_tile[(0u * WY + ty) * STRIDE + q];
          {
        sums[0u][0u] += f32(dot(xs, ws[0u]));
          }
          {
        sums[0u][1u] += f32(dot(xs, ws[1u]));
          }
          {
        sums[0u][2u] += f32(dot(xs, ws[2u]));
          }
          {
        sums[0u][3u] += f32(dot(xs, ws[3u]));
          }
        }
        {
          let xs = x_tile[(1u * WY + ty) * STRIDE + q];
          {
        sums[1u][0u] += f32(dot(xs, ws[0u]));
          }
          {
        sums[1u][1u] += f32(dot(xs, ws[1u]));
          }
          {
        sums[1u][2u] += f32(dot(xs, ws[2u]));
          }
          {
        sums[1u][3u] += f32(dot(xs, ws[3u]));
          }
        }
        {
          let xs = x_tile[(2u * WY + ty) * STRIDE + q];
          {
        sums[2u][0u] += f32(dot(xs, ws[0u]));
          }
          {
        sums[2u][1u] += f32(dot(xs, ws[1u]));
          }
          {
        sums[2u][2u] += f32(dot(xs, ws[2u]));
          }
          {
        sums[2u][3u] += f32(dot(xs, ws[3u]));
          }
        }
        {
          let xs = x_tile[(3u * WY + ty) * STRIDE + q];
          {
        sums[3u][0u] += f32(dot(xs, ws[0u]));
          }
          {
        sums[3u][1u] += f32(dot(xs, ws[1u]));
          }
          {
        sums[3u][2u] += f32(dot(xs, ws[2u]));
          }
          {
        sums[3u][3u] += f32(dot(xs, ws[3u]));
          }
        }
      }
      {
        let q = turn * UNROLL + 1u;
        var ws: array<Quad, TN>;
        {
          ws[0u] = w_tile[(0u * WX + tx) * STRIDE + q];
        }
        {
          ws[1u] = w_tile[(1u * WX + tx) * STRIDE + q];
        }
        {
          ws[2u] = w_tile[(2u * WX + tx) * STRIDE + q];
        }
        {
          ws[3u] = w_tile[(3u * WX + tx) * STRIDE + q];
        }
        {
          let xs = x_tile[(0u * WY + ty) * STRIDE + q];
          {
        sums[0u][0u] += f32(dot(xs, ws[0u]));
          }
          {
        sums[0u][1u] += f32(dot(xs, ws[1u]));
          }
          {
        sums[0u][2u] += f32(dot(xs, ws[2u]));
          }
          {
        sums[0u][3u] += f32(dot(xs, ws[3u]));
          }
        }
        {
          let xs = x_tile[(1u * WY + ty) * STRIDE + q];
          {
        sums[1u][0u] += f32(dot(xs, ws[0u]));
          }
          {
        sums[1u][1u] += f32(dot(xs, ws[1u]));
          }
          {
        sums[1u][2u] += f32(dot(xs, ws[2u]));
          }
          {
        sums[1u][3u] += f32(dot(xs, ws[3u]));
          }
        }
        {
          let xs = x_tile[(2u * WY + ty) * STRIDE + q];
          {
        sums[2u][0u] += f32(dot(xs, ws[0u]));
          }
          {
        sums[2u][1u] += f32(dot(xs, ws[1u]));
          }
          {
        sums[2u][2u] += f32(dot(xs, ws[2u]));
          }
          {
        sums[2u][3u] += f32(dot(xs, ws[3u]));
          }
        }
        {
          let xs = x_tile[(3u * WY + ty) * STRIDE + q];
          {
        sums[3u][0u] += f32(dot(xs, ws[0u]));
          }
          {
        sums[3u][1u] += f32(dot(xs, ws[1u]));
          }
          {
        sums[3u][2u] += f32(dot(xs, ws[2u]));
          }
          {
        sums[3u][3u] += f32(dot(xs, ws[3u]));
          }
        }
      }
    }
    workgroupBarrier();
  }
  {
    let m = group.y * BM + 0u * WY + ty;
    {
      let n = group.x * BN + tx * TN + 0u;
      if (m <= m_last && n < N) {
    finish_pair(m, n, sums[0u][0u], sums[0u][0u + 1u]);
      }
    }
    {
      let n = group.x * BN + tx * TN + 2u;
      if (m <= m_last && n < N) {
    finish_pair(m, n, sums[0u][2u], sums[0u][2u + 1u]);
      }
    }
  }
  {
    let m = group.y * BM + 1u * WY + ty;
    {
      let n = group.x * BN + tx * TN + 0u;
      if (m <= m_last && n < N) {
    finish_pair(m, n, sums[1u][0u], sums[1u][0u + 1u]);
      }
    }
    {
      let n = group.x * BN + tx * TN + 2u;
      if (m <= m_last && n < N) {
    finish_pair(m, n, sums[1u][2u], sums[1u][2u + 1u]);
      }
    }
  }
  {
    let m = group.y * BM + 2u * WY + ty;
    {
      let n = group.x * BN + tx * TN + 0u;
      if (m <= m_last && n < N) {
    finish_pair(m, n, sums[2u][0u], sums[2u][0u + 1u]);
      }
    }
    {
      let n = group.x * BN + tx * TN + 2u;
      if (m <= m_last && n < N) {
    finish_pair(m, n, sums[2u][2u], sums[2u][2u + 1u]);
      }
    }
  }
  {
    let m = group.y * BM + 3u * WY + ty;
    {
      let n = group.x * BN + tx * TN + 0u;
      if (m <= m_last && n < N) {
    finish_pair(m, n, sums[3u][0u], sums[3u][0u + 1u]);
      }
    }
    {
      let n = group.x * BN + tx * TN + 2u;
      if (m <= m_last && n < N) {
    finish_pair(m, n, sums[3u][2u], sums[3u][2u + 1u]);
      }
    }
  }
}
