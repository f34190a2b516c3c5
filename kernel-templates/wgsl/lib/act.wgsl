//! The activation that ACT names, as act(x). Every exp and tanh has a bounded argument: beyond f32's range WGSL
//! promises nothing, and some drivers give NaN.
//#option ACT none|relu|gelu|gelu_tanh|quick_gelu|silu|tanh|sigmoid
//#if ACT == relu
//: fn act(x: f32) -> f32 {
//:   return max(x, 0.0);
//: }
//#elif ACT == gelu
//#include "lib/erf.wgsl"
//: fn act(x: f32) -> f32 {
//:   return gelu(x);
//: }
//#elif ACT == gelu_tanh
//: fn act(x: f32) -> f32 {
//:   let inner = clamp(0.7978845608 * (x + 0.044715 * x * x * x), -15.0, 15.0);
//:   return 0.5 * x * (1.0 + tanh(inner));
//: }
//#elif ACT == quick_gelu
//: fn act(x: f32) -> f32 {
//:   return x / (1.0 + exp(min(-1.702 * x, 80.0)));
//: }
//#elif ACT == silu
//: fn act(x: f32) -> f32 {
//:   return x / (1.0 + exp(min(-x, 80.0)));
//: }
//#elif ACT == tanh
//: fn act(x: f32) -> f32 {
//:   return tanh(clamp(x, -15.0, 15.0));
//: }
//#elif ACT == sigmoid
//: fn act(x: f32) -> f32 {
//:   return 1.0 / (1.0 + exp(min(-x, 80.0)));
//: }
//#else
fn act(x: f32) -> f32 {
  return x;
}
//#end
