//! The error function.

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
