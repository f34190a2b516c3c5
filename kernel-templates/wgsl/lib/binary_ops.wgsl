//! The function that OP names, as apply(a, b). Comparisons give 1 or 0; every number but 0 is true.
//#option OP add|mul|silu_mul|gelu_mul|gelu_tanh_mul|quick_gelu_mul|relu_mul|sub|div|min|max|pow|prelu|mod|floor_mod|equal|less|less_equal|greater|greater_equal|and|or|xor
//#include "lib/math.wgsl"
//#include "lib/erf.wgsl"
//#if OP == add
fn apply(a: f32, b: f32) -> f32 {
  return a + b;
}
//#elif OP == mul
//: fn apply(a: f32, b: f32) -> f32 {
//:   return a * b;
//: }
//#elif OP == silu_mul
//: fn apply(a: f32, b: f32) -> f32 {
//:   return silu(a) * b;
//: }
//#elif OP == gelu_mul
//: fn apply(a: f32, b: f32) -> f32 {
//:   return gelu(a) * b;
//: }
//#elif OP == gelu_tanh_mul
//: fn apply(a: f32, b: f32) -> f32 {
//:   return gelu_tanh(a) * b;
//: }
//#elif OP == quick_gelu_mul
//: fn apply(a: f32, b: f32) -> f32 {
//:   return a / (1.0 + exp_bounded(-1.702 * a)) * b;
//: }
//#elif OP == relu_mul
//: fn apply(a: f32, b: f32) -> f32 {
//:   return max(a, 0.0) * b;
//: }
//#elif OP == sub
//: fn apply(a: f32, b: f32) -> f32 {
//:   return a - b;
//: }
//#elif OP == div
//: fn apply(a: f32, b: f32) -> f32 {
//:   return a / b;
//: }
//#elif OP == min
//: fn apply(a: f32, b: f32) -> f32 {
//:   return min(a, b);
//: }
//#elif OP == max
//: fn apply(a: f32, b: f32) -> f32 {
//:   return max(a, b);
//: }
//#elif OP == pow
//: fn apply(a: f32, b: f32) -> f32 {
//:   return power(a, b);
//: }
//#elif OP == prelu
//: fn apply(a: f32, b: f32) -> f32 {
//:   return select(a, a * b, a < 0.0);
//: }
//#elif OP == mod
//: fn apply(a: f32, b: f32) -> f32 {
//:   return a - b * trunc(a / b);
//: }
//#elif OP == floor_mod
//: fn apply(a: f32, b: f32) -> f32 {
//:   return a - b * floor(a / b);
//: }
//#elif OP == equal
//: fn apply(a: f32, b: f32) -> f32 {
//:   return f32(a == b);
//: }
//#elif OP == less
//: fn apply(a: f32, b: f32) -> f32 {
//:   return f32(a < b);
//: }
//#elif OP == less_equal
//: fn apply(a: f32, b: f32) -> f32 {
//:   return f32(a <= b);
//: }
//#elif OP == greater
//: fn apply(a: f32, b: f32) -> f32 {
//:   return f32(a > b);
//: }
//#elif OP == greater_equal
//: fn apply(a: f32, b: f32) -> f32 {
//:   return f32(a >= b);
//: }
//#elif OP == and
//: fn apply(a: f32, b: f32) -> f32 {
//:   return f32(a != 0.0 && b != 0.0);
//: }
//#elif OP == or
//: fn apply(a: f32, b: f32) -> f32 {
//:   return f32(a != 0.0 || b != 0.0);
//: }
//#elif OP == xor
//: fn apply(a: f32, b: f32) -> f32 {
//:   return f32((a != 0.0) != (b != 0.0));
//: }
//#end
