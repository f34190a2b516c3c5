//! Functions that several kernels share.

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
