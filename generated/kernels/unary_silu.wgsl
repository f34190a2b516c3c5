const WG: u32 = 64u;
const WY: u32 = 1u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

const ALPHA: f32 = 0.0;
const BETA: f32 = 0.0;

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


// 1 - erf(z) for z >= 0, to 1.5e-7 (Abramowitz and Stegun 7.1.26).
fn erfc_positive(z: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return p * exp(-min(z * z, 80.0));
}

fn erf(x: f32) -> f32 {
  let tail = erfc_positive(abs(x));
  return select(1.0 - tail, tail - 1.0, x < 0.0);
}

// x Φ(x).
fn gelu(x: f32) -> f32 {
  let tail = 0.5 * x * erfc_positive(abs(x) * 0.70710678);
  return select(x - tail, tail, x < 0.0);
}


// x as a number of quarter turns and the angle that is left, at most π/4.
struct Turn {
  quarters: i32,
  angle: f32,
}

fn turn_of(x: f32) -> Turn {
  let quarters = round(x * 0.63661977);
  // π/2 in parts short enough that the first two products are exact (Cody and Waite).
  let coarse = (x - quarters * 1.5703125) - quarters * 4.837512969970703e-4;
  return Turn(i32(quarters), coarse - quarters * 7.549789948768648e-8);
}

// Power series; what they leave out is below 3e-8 up to π/4.
fn sine_near_0(x: f32) -> f32 {
  let z = x * x;
  return x - x * z * (1.0 / 6.0 - z * (1.0 / 120.0 - z * (1.0 / 5040.0 - z / 362880.0)));
}

fn cosine_near_0(x: f32) -> f32 {
  let z = x * x;
  return 1.0 - z * (0.5 - z * (1.0 / 24.0 - z * (1.0 / 720.0 - z / 40320.0)));
}

fn sine(t: Turn) -> f32 {
  let size = select(sine_near_0(t.angle), cosine_near_0(t.angle), (t.quarters & 1) == 1);
  return select(size, -size, (t.quarters & 2) == 2);
}

fn cosine(t: Turn) -> f32 {
  return sine(Turn(t.quarters + 1, t.angle));
}

fn apply(x: f32) -> f32 {
  return x / (1.0 + exp_bounded(-x));
}


@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG, WY)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Neighbouring lanes take neighbouring elements.
  {
    let i = (flat_group(group) * 4u + 0u) * (WG * WY) + lane;
    if (i < arrayLength(&y)) {
      y[i] = apply(x[i]);
    }
  }
  {
    let i = (flat_group(group) * 4u + 1u) * (WG * WY) + lane;
    if (i < arrayLength(&y)) {
      y[i] = apply(x[i]);
    }
  }
  {
    let i = (flat_group(group) * 4u + 2u) * (WG * WY) + lane;
    if (i < arrayLength(&y)) {
      y[i] = apply(x[i]);
    }
  }
  {
    let i = (flat_group(group) * 4u + 3u) * (WG * WY) + lane;
    if (i < arrayLength(&y)) {
      y[i] = apply(x[i]);
    }
  }
}
