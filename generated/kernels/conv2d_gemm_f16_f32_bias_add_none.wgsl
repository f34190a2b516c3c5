alias Quad = vec4<f32>;
// How the lanes are counted: in one dimension, or in WX columns and WY rows.
const WX: u32 = 8u;
const WY: u32 = 8u;
const TM: u32 = 4u;
const TN: u32 = 4u;
const TK: u32 = 16u;
// Vec4s of a tile's rows in a turn of the inner loop.
const UNROLL: u32 = 2u;
const B: u32 = 2u;
const CIN: u32 = 172u;
const IH: u32 = 3u;
const IW: u32 = 5u;
const COUT: u32 = 9u;
const OH: u32 = 3u;
const OW: u32 = 5u;
const KH: u32 = 1u;
const KW: u32 = 1u;
const SH: u32 = 1u;
const SW: u32 = 1u;
const DH: u32 = 1u;
const DW: u32 = 1u;
const PT: u32 = 0u;
const PL: u32 = 0u;
const GROUPS: u32 = 1u;

// Channels of a group.
const GIN: u32 = CIN / GROUPS;
const GOUT: u32 = COUT / GROUPS;
// Elements of an output plane.
const PIXELS: u32 = OH * OW;

const COLUMNS: u32 = GIN * KH * KW;
const WORD_QUADS: u32 = 1u;
const ROW_WORDS: u32 = (COLUMNS + 3u) / 4u;
alias Word = vec4<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(word);
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

@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> r: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn finish(batch: u32, channel: u32, pixel: u32, sum: f32) {
  let at = (batch * COUT + channel) * PIXELS + pixel;
let value = sum + b[channel];
y[at] = act(value) + r[at];
}


const WG: u32 = WX * WY;
const BM: u32 = WY * TM;
const BN: u32 = WX * TN;
const QUADS: u32 = TK / 4u;
const TILES: u32 = (COLUMNS + TK - 1u) / TK;
// One vec4 more than a row needs: lanes that read rows side by side then meet different banks.
const STRIDE: u32 = QUADS + 1u;
// All are powers of two: lanes fetch whole turns, or a part of one.
const X_TURNS: u32 = max(BN * QUADS / WG, 1u);
const W_TURNS: u32 = max(BM * QUADS / WG, 1u);

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

var<workgroup> x_tile: array<Quad, BN * STRIDE>;
var<workgroup> w_tile: array<Quad, BM * STRIDE>;

// What the k-th column of w meets at a pixel whose first tap is in plane `at.x` at row `at.y` and column `at.z`.
// Rows and columns before the first wrap to large numbers, so that one comparison serves both edges; what is
// read beyond them is some number or other, and not taken.
fn x_at(at: vec3<u32>, k: u32) -> f32 {
  let plane = at.x + k / (KH * KW);
  let ih = at.y + k / KW % KH * DH;
  let iw = at.z + k % KW * DW;
  let value = x[(plane * IH + ih) * IW + iw];
  return select(0.0, value, k < COLUMNS && ih < IH && iw < IW);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % WX;
  let ty = lane / WX;
  // Where the pixels that this lane fetches begin. What lies beyond the last pixel or channel is computed from
  // some numbers or other, and not stored.
  var starts: array<vec3<u32>, X_TURNS>;
  {
    let pixel = group.x * BN + (0u * WG + lane) % BN;
    let plane = pixel / PIXELS * CIN + group.z * GIN;
    starts[0u] = vec3<u32>(plane, pixel / OW % OH * SH - PT, pixel % OW * SW - PL);
  }
  {
    let pixel = group.x * BN + (1u * WG + lane) % BN;
    let plane = pixel / PIXELS * CIN + group.z * GIN;
    starts[1u] = vec3<u32>(plane, pixel / OW % OH * SH - PT, pixel % OW * SW - PL);
  }
  var sums: array<array<f32, TN>, TM>;
  for (var tile = 0u; tile < TILES; tile++) {
    // Neighbouring lanes fetch neighbouring pixels.
    {
      let unit = 0u * WG + lane;
      if (unit < BN * QUADS) {
        let k = tile * TK + unit / BN * 4u;
        let quad = vec4<f32>(x_at(starts[0u], k), x_at(starts[0u], k + 1u), x_at(starts[0u], k + 2u), x_at(starts[0u], k + 3u));
        x_tile[unit % BN * STRIDE + unit / BN] = Quad(quad);
      }
    }
    {
      let unit = 1u * WG + lane;
      if (unit < BN * QUADS) {
        let k = tile * TK + unit / BN * 4u;
        let quad = vec4<f32>(x_at(starts[1u], k), x_at(starts[1u], k + 1u), x_at(starts[1u], k + 2u), x_at(starts[1u], k + 3u));
        x_tile[unit % BN * STRIDE + unit / BN] = Quad(quad);
      }
    }
    {
      let unit = 0u * WG + lane;
      if (unit < BM * QUADS) {
        let row = group.z * GOUT + group.y * BM + unit / QUADS;
        // Beyond the row's end any weight does: x is 0 there.
        let quad = tile * QUADS + unit % QUADS;
        let i = min(quad / WORD_QUADS, ROW_WORDS - 1u);
        let weights = word_quad(word_at(row, i), quad % WORD_QUADS) * word_scale(row, i) + word_min(row, i);
        w_tile[unit / QUADS * STRIDE + unit % QUADS] = Quad(weights);
      }
    }
    {
      let unit = 1u * WG + lane;
      if (unit < BM * QUADS) {
        let row = group.z * GOUT + group.y * BM + unit / QUADS;
        // Beyond the row's end any weight does: x is 0 there.
        let quad = tile * QUADS + unit % QUADS;
        let i = min(quad / WORD_QUADS, ROW_WORDS - 1u);
        let weights = word_quad(word_at(row, i), quad % WORD_QUADS) * word_scale(row, i) + word_min(row, i);
        w_tile[unit / QUADS * STRIDE + unit % QUADS] = Quad(weights);
      }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < QUADS / UNROLL; turn++) {
      {
        let q = turn * UNROLL + 0u;
        var xs: array<Quad, TN>;
        {
          xs[0u] = x_tile[(0u * WX + tx) * STRIDE + q];
        }
        {
          xs[1u] = x_tile[(1u * WX + tx) * STRIDE + q];
        }
        {
          xs[2u] = x_tile[(2u * WX + tx) * STRIDE + q];
        }
        {
          xs[3u] = x_tile[(3u * WX + tx) * STRIDE + q];
        }
        {
          let ws = w_tile[(0u * WY + ty) * STRIDE + q];
          {
            sums[0u][0u] = add_dot(sums[0u][0u], ws, xs[0u]);
          }
          {
            sums[0u][1u] = add_dot(sums[0u][1u], ws, xs[1u]);
          }
          {
            sums[0u][2u] = add_dot(sums[0u][2u], ws, xs[2u]);
          }
          {
            sums[0u][3u] = add_dot(sums[0u][3u], ws, xs[3u]);
          }
        }
        {
          let ws = w_tile[(1u * WY + ty) * STRIDE + q];
          {
            sums[1u][0u] = add_dot(sums[1u][0u], ws, xs[0u]);
          }
          {
            sums[1u][1u] = add_dot(sums[1u][1u], ws, xs[1u]);
          }
          {
            sums[1u][2u] = add_dot(sums[1u][2u], ws, xs[2u]);
          }
          {
            sums[1u][3u] = add_dot(sums[1u][3u], ws, xs[3u]);
          }
        }
        {
          let ws = w_tile[(2u * WY + ty) * STRIDE + q];
          {
            sums[2u][0u] = add_dot(sums[2u][0u], ws, xs[0u]);
          }
          {
            sums[2u][1u] = add_dot(sums[2u][1u], ws, xs[1u]);
          }
          {
            sums[2u][2u] = add_dot(sums[2u][2u], ws, xs[2u]);
          }
          {
            sums[2u][3u] = add_dot(sums[2u][3u], ws, xs[3u]);
          }
        }
        {
          let ws = w_tile[(3u * WY + ty) * STRIDE + q];
          {
            sums[3u][0u] = add_dot(sums[3u][0u], ws, xs[0u]);
          }
          {
            sums[3u][1u] = add_dot(sums[3u][1u], ws, xs[1u]);
          }
          {
            sums[3u][2u] = add_dot(sums[3u][2u], ws, xs[2u]);
          }
          {
            sums[3u][3u] = add_dot(sums[3u][3u], ws, xs[3u]);
          }
        }
      }
      {
        let q = turn * UNROLL + 1u;
        var xs: array<Quad, TN>;
        {
          xs[0u] = x_tile[(0u * WX + tx) * STRIDE + q];
        }
        {
          xs[1u] = x_tile[(1u * WX + tx) * STRIDE + q];
        }
        {
          xs[2u] = x_tile[(2u * WX + tx) * STRIDE + q];
        }
        {
          xs[3u] = x_tile[(3u * WX + tx) * STRIDE + q];
        }
        {
          let ws = w_tile[(0u * WY + ty) * STRIDE + q];
          {
            sums[0u][0u] = add_dot(sums[0u][0u], ws, xs[0u]);
          }
          {
            sums[0u][1u] = add_dot(sums[0u][1u], ws, xs[1u]);
          }
          {
            sums[0u][2u] = add_dot(sums[0u][2u], ws, xs[2u]);
          }
          {
            sums[0u][3u] = add_dot(sums[0u][3u], ws, xs[3u]);
          }
        }
        {
          let ws = w_tile[(1u * WY + ty) * STRIDE + q];
          {
            sums[1u][0u] = add_dot(sums[1u][0u], ws, xs[0u]);
          }
          {
            sums[1u][1u] = add_dot(sums[1u][1u], ws, xs[1u]);
          }
          {
            sums[1u][2u] = add_dot(sums[1u][2u], ws, xs[2u]);
          }
          {
            sums[1u][3u] = add_dot(sums[1u][3u], ws, xs[3u]);
          }
        }
        {
          let ws = w_tile[(2u * WY + ty) * STRIDE + q];
          {
            sums[2u][0u] = add_dot(sums[2u][0u], ws, xs[0u]);
          }
          {
            sums[2u][1u] = add_dot(sums[2u][1u], ws, xs[1u]);
          }
          {
            sums[2u][2u] = add_dot(sums[2u][2u], ws, xs[2u]);
          }
          {
            sums[2u][3u] = add_dot(sums[2u][3u], ws, xs[3u]);
          }
        }
        {
          let ws = w_tile[(3u * WY + ty) * STRIDE + q];
          {
            sums[3u][0u] = add_dot(sums[3u][0u], ws, xs[0u]);
          }
          {
            sums[3u][1u] = add_dot(sums[3u][1u], ws, xs[1u]);
          }
          {
            sums[3u][2u] = add_dot(sums[3u][2u], ws, xs[2u]);
          }
          {
            sums[3u][3u] = add_dot(sums[3u][3u], ws, xs[3u]);
          }
        }
      }
    }
    workgroupBarrier();
  }
  {
    let channel = group.y * BM + 0u * WY + ty;
    {
      let pixel = group.x * BN + 0u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[0u][0u]);
      }
    }
    {
      let pixel = group.x * BN + 1u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[0u][1u]);
      }
    }
    {
      let pixel = group.x * BN + 2u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[0u][2u]);
      }
    }
    {
      let pixel = group.x * BN + 3u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[0u][3u]);
      }
    }
  }
  {
    let channel = group.y * BM + 1u * WY + ty;
    {
      let pixel = group.x * BN + 0u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[1u][0u]);
      }
    }
    {
      let pixel = group.x * BN + 1u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[1u][1u]);
      }
    }
    {
      let pixel = group.x * BN + 2u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[1u][2u]);
      }
    }
    {
      let pixel = group.x * BN + 3u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[1u][3u]);
      }
    }
  }
  {
    let channel = group.y * BM + 2u * WY + ty;
    {
      let pixel = group.x * BN + 0u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[2u][0u]);
      }
    }
    {
      let pixel = group.x * BN + 1u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[2u][1u]);
      }
    }
    {
      let pixel = group.x * BN + 2u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[2u][2u]);
      }
    }
    {
      let pixel = group.x * BN + 3u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[2u][3u]);
      }
    }
  }
  {
    let channel = group.y * BM + 3u * WY + ty;
    {
      let pixel = group.x * BN + 0u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[3u][0u]);
      }
    }
    {
      let pixel = group.x * BN + 1u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[3u][1u]);
      }
    }
    {
      let pixel = group.x * BN + 2u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[3u][2u]);
      }
    }
    {
      let pixel = group.x * BN + 3u * WX + tx;
      if (channel < GOUT && pixel < B * PIXELS) {
        finish(pixel / PIXELS, group.z * GOUT + channel, pixel % PIXELS, sums[3u][3u]);
      }
    }
  }
}
