alias Quad = vec4<f32>;
// How the lanes are counted: in one dimension, or in WX columns and WY rows.
const WX: u32 = 8u;
const WY: u32 = 8u;
const TM: u32 = 4u;
const TN: u32 = 4u;
const TK: u32 = 16u;
// Vec4s of a tile's columns in a turn of the inner loop.
const UNROLL: u32 = 2u;
const B: u32 = 3u;
const BB: u32 = 3u;
const N: u32 = 7u;
const K: u32 = 12u;
const SCALE: f32 = 1.0;
const M: u32 = 5u;

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


const WG: u32 = WX * WY;
const BM: u32 = WY * TM;
const BN: u32 = WX * TN;
const QUADS: u32 = TK / 4u;
const TILES: u32 = (K + TK - 1u) / TK;
const RAGGED: bool = K % TK != 0u;
// One vec4 more than a row needs: lanes that read rows side by side then meet different banks.
const STRIDE: u32 = QUADS + 1u;
const A_TURNS: u32 = (BM * QUADS + WG - 1u) / WG;
const B_TURNS: u32 = (BN * QUADS + WG - 1u) / WG;
// Matrices of a that share one of b.
const SHARE: u32 = B / BB;

@group(0) @binding(2) var<storage, read_write> y: array<f32>;

// Four neighbours along K of a row of a, and of a column of b; 0 beyond K.
@group(0) @binding(0) var<storage, read_write> a: array<vec4<f32>>;

fn a_quad(row: u32, quad: u32) -> vec4<f32> {
  if (!RAGGED) {
    return a[row * (K / 4u) + quad];
  }
  return select(vec4<f32>(), a[row * (K / 4u) + min(quad, K / 4u - 1u)], quad < K / 4u);
}
@group(0) @binding(1) var<storage, read_write> b: array<f32>;

fn b_quad(matrix: u32, n: u32, quad: u32) -> vec4<f32> {
  let k = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
  let i = (matrix * K + min(k, vec4<u32>(K - 1u))) * N + n;
  return select(vec4<f32>(), vec4<f32>(b[i.x], b[i.y], b[i.z], b[i.w]), k < vec4<u32>(K));
}

var<workgroup> a_tile: array<Quad, BM * STRIDE>;
var<workgroup> b_tile: array<Quad, BN * STRIDE>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tx = lane % WX;
  let ty = lane / WX;
  let rows = M;
  var sums: array<array<f32, TN>, TM>;
  for (var tile = 0u; tile < TILES; tile++) {
    {
      let unit = 0u * WG + lane;
      if (BM * QUADS % WG == 0u || unit < BM * QUADS) {
        // Rows and columns beyond the last repeat it, and are not stored.
        let m = min(group.y * BM + unit / QUADS, rows - 1u);
        let quad = a_quad(group.z * rows + m, tile * QUADS + unit % QUADS);
        a_tile[unit / QUADS * STRIDE + unit % QUADS] = Quad(quad);
      }
    }
    {
      let unit = 1u * WG + lane;
      if (BM * QUADS % WG == 0u || unit < BM * QUADS) {
        // Rows and columns beyond the last repeat it, and are not stored.
        let m = min(group.y * BM + unit / QUADS, rows - 1u);
        let quad = a_quad(group.z * rows + m, tile * QUADS + unit % QUADS);
        a_tile[unit / QUADS * STRIDE + unit % QUADS] = Quad(quad);
      }
    }
    {
      let unit = 0u * WG + lane;
      if (BN * QUADS % WG == 0u || unit < BN * QUADS) {
        // Neighbouring lanes read neighbours in memory.
        let column = unit % BN;
        let quad = unit / BN;
        let n = min(group.x * BN + column, N - 1u);
        b_tile[column * STRIDE + quad] = Quad(b_quad(group.z / SHARE, n, tile * QUADS + quad));
      }
    }
    {
      let unit = 1u * WG + lane;
      if (BN * QUADS % WG == 0u || unit < BN * QUADS) {
        // Neighbouring lanes read neighbours in memory.
        let column = unit % BN;
        let quad = unit / BN;
        let n = min(group.x * BN + column, N - 1u);
        b_tile[column * STRIDE + quad] = Quad(b_quad(group.z / SHARE, n, tile * QUADS + quad));
      }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < QUADS / UNROLL; turn++) {
      {
        let q = turn * UNROLL + 0u;
        var bs: array<Quad, TN>;
        {
          bs[0u] = b_tile[(0u * WX + tx) * STRIDE + q];
        }
        {
          bs[1u] = b_tile[(1u * WX + tx) * STRIDE + q];
        }
        {
          bs[2u] = b_tile[(2u * WX + tx) * STRIDE + q];
        }
        {
          bs[3u] = b_tile[(3u * WX + tx) * STRIDE + q];
        }
        {
          let quad = a_tile[(0u * WY + ty) * STRIDE + q];
          {
            sums[0u][0u] = add_dot(sums[0u][0u], quad, bs[0u]);
          }
          {
            sums[0u][1u] = add_dot(sums[0u][1u], quad, bs[1u]);
          }
          {
            sums[0u][2u] = add_dot(sums[0u][2u], quad, bs[2u]);
          }
          {
            sums[0u][3u] = add_dot(sums[0u][3u], quad, bs[3u]);
          }
        }
        {
          let quad = a_tile[(1u * WY + ty) * STRIDE + q];
          {
            sums[1u][0u] = add_dot(sums[1u][0u], quad, bs[0u]);
          }
          {
            sums[1u][1u] = add_dot(sums[1u][1u], quad, bs[1u]);
          }
          {
            sums[1u][2u] = add_dot(sums[1u][2u], quad, bs[2u]);
          }
          {
            sums[1u][3u] = add_dot(sums[1u][3u], quad, bs[3u]);
          }
        }
        {
          let quad = a_tile[(2u * WY + ty) * STRIDE + q];
          {
            sums[2u][0u] = add_dot(sums[2u][0u], quad, bs[0u]);
          }
          {
            sums[2u][1u] = add_dot(sums[2u][1u], quad, bs[1u]);
          }
          {
            sums[2u][2u] = add_dot(sums[2u][2u], quad, bs[2u]);
          }
          {
            sums[2u][3u] = add_dot(sums[2u][3u], quad, bs[3u]);
          }
        }
        {
          let quad = a_tile[(3u * WY + ty) * STRIDE + q];
          {
            sums[3u][0u] = add_dot(sums[3u][0u], quad, bs[0u]);
          }
          {
            sums[3u][1u] = add_dot(sums[3u][1u], quad, bs[1u]);
          }
          {
            sums[3u][2u] = add_dot(sums[3u][2u], quad, bs[2u]);
          }
          {
            sums[3u][3u] = add_dot(sums[3u][3u], quad, bs[3u]);
          }
        }
      }
      {
        let q = turn * UNROLL + 1u;
        var bs: array<Quad, TN>;
        {
          bs[0u] = b_tile[(0u * WX + tx) * STRIDE + q];
        }
        {
          bs[1u] = b_tile[(1u * WX + tx) * STRIDE + q];
        }
        {
          bs[2u] = b_tile[(2u * WX + tx) * STRIDE + q];
        }
        {
          bs[3u] = b_tile[(3u * WX + tx) * STRIDE + q];
        }
        {
          let quad = a_tile[(0u * WY + ty) * STRIDE + q];
          {
            sums[0u][0u] = add_dot(sums[0u][0u], quad, bs[0u]);
          }
          {
            sums[0u][1u] = add_dot(sums[0u][1u], quad, bs[1u]);
          }
          {
            sums[0u][2u] = add_dot(sums[0u][2u], quad, bs[2u]);
          }
          {
            sums[0u][3u] = add_dot(sums[0u][3u], quad, bs[3u]);
          }
        }
        {
          let quad = a_tile[(1u * WY + ty) * STRIDE + q];
          {
            sums[1u][0u] = add_dot(sums[1u][0u], quad, bs[0u]);
          }
          {
            sums[1u][1u] = add_dot(sums[1u][1u], quad, bs[1u]);
          }
          {
            sums[1u][2u] = add_dot(sums[1u][2u], quad, bs[2u]);
          }
          {
            sums[1u][3u] = add_dot(sums[1u][3u], quad, bs[3u]);
          }
        }
        {
          let quad = a_tile[(2u * WY + ty) * STRIDE + q];
          {
            sums[2u][0u] = add_dot(sums[2u][0u], quad, bs[0u]);
          }
          {
            sums[2u][1u] = add_dot(sums[2u][1u], quad, bs[1u]);
          }
          {
            sums[2u][2u] = add_dot(sums[2u][2u], quad, bs[2u]);
          }
          {
            sums[2u][3u] = add_dot(sums[2u][3u], quad, bs[3u]);
          }
        }
        {
          let quad = a_tile[(3u * WY + ty) * STRIDE + q];
          {
            sums[3u][0u] = add_dot(sums[3u][0u], quad, bs[0u]);
          }
          {
            sums[3u][1u] = add_dot(sums[3u][1u], quad, bs[1u]);
          }
          {
            sums[3u][2u] = add_dot(sums[3u][2u], quad, bs[2u]);
          }
          {
            sums[3u][3u] = add_dot(sums[3u][3u], quad, bs[3u]);
          }
        }
      }
    }
    workgroupBarrier();
  }
  {
    let m = group.y * BM + 0u * WY + ty;
    {
      let n = group.x * BN + 0u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[0u][0u];
      }
    }
    {
      let n = group.x * BN + 1u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[0u][1u];
      }
    }
    {
      let n = group.x * BN + 2u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[0u][2u];
      }
    }
    {
      let n = group.x * BN + 3u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[0u][3u];
      }
    }
  }
  {
    let m = group.y * BM + 1u * WY + ty;
    {
      let n = group.x * BN + 0u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[1u][0u];
      }
    }
    {
      let n = group.x * BN + 1u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[1u][1u];
      }
    }
    {
      let n = group.x * BN + 2u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[1u][2u];
      }
    }
    {
      let n = group.x * BN + 3u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[1u][3u];
      }
    }
  }
  {
    let m = group.y * BM + 2u * WY + ty;
    {
      let n = group.x * BN + 0u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[2u][0u];
      }
    }
    {
      let n = group.x * BN + 1u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[2u][1u];
      }
    }
    {
      let n = group.x * BN + 2u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[2u][2u];
      }
    }
    {
      let n = group.x * BN + 3u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[2u][3u];
      }
    }
  }
  {
    let m = group.y * BM + 3u * WY + ty;
    {
      let n = group.x * BN + 0u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[3u][0u];
      }
    }
    {
      let n = group.x * BN + 1u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[3u][1u];
      }
    }
    {
      let n = group.x * BN + 2u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[3u][2u];
      }
    }
    {
      let n = group.x * BN + 3u * WX + tx;
      if (m < rows && n < N) {
        y[(group.z * rows + m) * N + n] = SCALE * sums[3u][3u];
      }
    }
  }
}
