//! The function that OP names, as apply(x); ALPHA and BETA are its constants where it has any.
//#option OP silu|gelu|gelu_tanh|quick_gelu|relu|sigmoid|tanh|exp|log|sqrt|rsqrt|neg|abs|sin|cos|tan|asin|acos|atan|sinh|cosh|erf|softplus|softsign|elu|selu|celu|mish|leaky_relu|thresholded_relu|hard_sigmoid|hard_swish|square|reciprocal|floor|ceil|round|sign|not|clip|affine|softcap
//#param ALPHA -1e38..1e38
const ALPHA: f32 = 0.0;
//#param BETA -1e38..1e38
const BETA: f32 = 0.0;
//#include "lib/math.wgsl"
//#include "lib/erf.wgsl"
//#include "lib/circle.wgsl"
//#if OP == silu
fn apply(x: f32) -> f32 {
  return x / (1.0 + exp_bounded(-x));
}
//#elif OP == gelu
//: fn apply(x: f32) -> f32 {
//:   return gelu(x);
//: }
//#elif OP == gelu_tanh
//: fn apply(x: f32) -> f32 {
//:   return gelu_tanh(x);
//: }
//#elif OP == quick_gelu
//: fn apply(x: f32) -> f32 {
//:   return x / (1.0 + exp_bounded(-1.702 * x));
//: }
//#elif OP == relu
//: fn apply(x: f32) -> f32 {
//:   return max(x, 0.0);
//: }
//#elif OP == sigmoid
//: fn apply(x: f32) -> f32 {
//:   return 1.0 / (1.0 + exp_bounded(-x));
//: }
//#elif OP == tanh
//: fn apply(x: f32) -> f32 {
//:   return tanh(clamp(x, -15.0, 15.0));
//: }
//#elif OP == exp
//: fn apply(x: f32) -> f32 {
//:   return exp_bounded(x);
//: }
//#elif OP == log
//: fn apply(x: f32) -> f32 {
//:   return log(x);
//: }
//#elif OP == sqrt
//: fn apply(x: f32) -> f32 {
//:   return sqrt(x);
//: }
//#elif OP == rsqrt
//: fn apply(x: f32) -> f32 {
//:   return inverseSqrt(x);
//: }
//#elif OP == neg
//: fn apply(x: f32) -> f32 {
//:   return -x;
//: }
//#elif OP == abs
//: fn apply(x: f32) -> f32 {
//:   return abs(x);
//: }
//#elif OP == sin
//: fn apply(x: f32) -> f32 {
//:   return sine(turn_of(x));
//: }
//#elif OP == cos
//: fn apply(x: f32) -> f32 {
//:   return cosine(turn_of(x));
//: }
//#elif OP == tan
//: fn apply(x: f32) -> f32 {
//:   let turn = turn_of(x);
//:   return sine(turn) / cosine(turn);
//: }
//#elif OP == asin
//: fn apply(x: f32) -> f32 {
//:   return asin(x);
//: }
//#elif OP == acos
//: fn apply(x: f32) -> f32 {
//:   return acos(x);
//: }
//#elif OP == atan
//: fn apply(x: f32) -> f32 {
//:   return atan(x);
//: }
//#elif OP == sinh
//: fn apply(x: f32) -> f32 {
//:   return 0.5 * (exp_bounded(x) - exp_bounded(-x));
//: }
//#elif OP == cosh
//: fn apply(x: f32) -> f32 {
//:   return 0.5 * (exp_bounded(x) + exp_bounded(-x));
//: }
//#elif OP == erf
//: fn apply(x: f32) -> f32 {
//:   return erf(x);
//: }
//#elif OP == softplus
//: fn apply(x: f32) -> f32 {
//:   return max(x, 0.0) + log(1.0 + exp_bounded(-abs(x)));
//: }
//#elif OP == softsign
//: fn apply(x: f32) -> f32 {
//:   return x / (1.0 + abs(x));
//: }
//#elif OP == elu
//: fn apply(x: f32) -> f32 {
//:   return select(ALPHA * (exp_bounded(x) - 1.0), x, x > 0.0);
//: }
//#elif OP == selu
//: fn apply(x: f32) -> f32 {
//:   return 1.0507010 * select(1.6732632 * (exp_bounded(x) - 1.0), x, x > 0.0);
//: }
//#elif OP == celu
//: fn apply(x: f32) -> f32 {
//:   return max(x, 0.0) + min(ALPHA * (exp_bounded(x / ALPHA) - 1.0), 0.0);
//: }
//#elif OP == mish
//: fn apply(x: f32) -> f32 {
//:   // tanh(log(1 + e)) = (e² + 2 e) / (e² + 2 e + 2); it is 1 from 20 on.
//:   let e = exp_bounded(min(x, 20.0));
//:   let n = e * (e + 2.0);
//:   return x * (n / (n + 2.0));
//: }
//#elif OP == leaky_relu
//: fn apply(x: f32) -> f32 {
//:   return select(x, ALPHA * x, x < 0.0);
//: }
//#elif OP == thresholded_relu
//: fn apply(x: f32) -> f32 {
//:   return select(0.0, x, x > ALPHA);
//: }
//#elif OP == hard_sigmoid
//: fn apply(x: f32) -> f32 {
//:   return clamp(ALPHA * x + BETA, 0.0, 1.0);
//: }
//#elif OP == hard_swish
//: fn apply(x: f32) -> f32 {
//:   return x * clamp(x / 6.0 + 0.5, 0.0, 1.0);
//: }
//#elif OP == square
//: fn apply(x: f32) -> f32 {
//:   return x * x;
//: }
//#elif OP == reciprocal
//: fn apply(x: f32) -> f32 {
//:   return 1.0 / x;
//: }
//#elif OP == floor
//: fn apply(x: f32) -> f32 {
//:   return floor(x);
//: }
//#elif OP == ceil
//: fn apply(x: f32) -> f32 {
//:   return ceil(x);
//: }
//#elif OP == round
//: fn apply(x: f32) -> f32 {
//:   // Halves go to the even number.
//:   return round(x);
//: }
//#elif OP == sign
//: fn apply(x: f32) -> f32 {
//:   return sign(x);
//: }
//#elif OP == not
//: fn apply(x: f32) -> f32 {
//:   return f32(x == 0.0);
//: }
//#elif OP == clip
//: fn apply(x: f32) -> f32 {
//:   return clamp(x, ALPHA, BETA);
//: }
//#elif OP == affine
//: fn apply(x: f32) -> f32 {
//:   return ALPHA * x + BETA;
//: }
//#elif OP == softcap
//: fn apply(x: f32) -> f32 {
//:   return ALPHA * tanh(clamp(x / ALPHA, -15.0, 15.0));
//: }
//#end
