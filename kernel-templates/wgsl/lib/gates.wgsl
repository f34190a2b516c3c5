//! What gates are made of, with bounded arguments: beyond f32's range WGSL promises nothing of exp and tanh.
fn open(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(min(-x, 80.0)));
}

fn squash(x: f32) -> f32 {
  return tanh(clamp(x, -15.0, 15.0));
}
