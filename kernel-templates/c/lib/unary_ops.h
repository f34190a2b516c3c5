// The function that OP names, of four numbers; alpha and beta are its constants where it has any.
//#option OP silu|gelu|gelu_tanh|quick_gelu|relu|sigmoid|tanh|exp|log|sqrt|rsqrt|neg|abs|sin|cos|tan|asin|acos|atan|sinh|cosh|erf|softplus|softsign|elu|selu|celu|mish|leaky_relu|thresholded_relu|hard_sigmoid|hard_swish|square|reciprocal|floor|ceil|round|sign|not|clip|affine|softcap
//#include "lib/math.h"
//#include "lib/circle.h"
//#include "lib/truth.h"

/// Between 0 and 1.
static inline V unit4(V x) { return wasm_f32x4_min(wasm_f32x4_max(x, set1(0.0f)), set1(1.0f)); }

/// x above 0, else scale (e^(x / width) - 1).
static inline V elu4(V x, V scale, V width) {
  V low = wasm_f32x4_mul(scale, expm1_4(wasm_f32x4_div(wasm_f32x4_min(x, set1(0.0f)), width)));
  return wasm_v128_bitselect(x, low, wasm_f32x4_gt(x, set1(0.0f)));
}

/// Within 3 units in the last place up to 88.37; inf beyond.
static inline V sinh4(V x) {
  V e = expm1_4(wasm_f32x4_abs(x));
  V half = set1(0.5f), share = wasm_f32x4_div(half, wasm_f32x4_add(e, set1(1.0f)));
  return signed4(wasm_f32x4_mul(e, wasm_f32x4_add(share, half)), x);
}

static inline V cosh4(V x) {
  V e = exp4(wasm_f32x4_abs(x)), half = set1(0.5f);
  return wasm_f32x4_add(wasm_f32x4_mul(e, half), wasm_f32x4_div(half, e));
}

/// x tanh(ln(1 + e^x)) = x n / (n + 2), n = e^2x + 2 e^x. Beyond these bounds it is x, or as good as 0.
static inline V mish4(V x) {
  V e = exp4(wasm_f32x4_min(x, set1(20.0f))), n = wasm_f32x4_mul(e, wasm_f32x4_add(e, set1(2.0f)));
  return wasm_f32x4_mul(wasm_f32x4_max(x, set1(-100.0f)), wasm_f32x4_div(n, wasm_f32x4_add(n, set1(2.0f))));
}

static inline V apply(V x, V alpha, V beta) {
  (void)alpha, (void)beta;
//#if OP == silu
  return silu4(x);
//#elif OP == gelu
  //: return gelu4(x);
//#elif OP == gelu_tanh
  //: return gelu_tanh4(x);
//#elif OP == quick_gelu
  //: return quick_gelu4(x);
//#elif OP == relu
  //: return wasm_f32x4_max(x, set1(0.0f));
//#elif OP == sigmoid
  //: return sigmoid4(x);
//#elif OP == tanh
  //: return tanh4(x);
//#elif OP == exp
  //: return exp4(x);
//#elif OP == log
  //: return log4_any(x);
//#elif OP == sqrt
  //: return wasm_f32x4_sqrt(x);
//#elif OP == rsqrt
  //: return wasm_f32x4_div(set1(1.0f), wasm_f32x4_sqrt(x));
//#elif OP == neg
  //: return wasm_f32x4_neg(x);
//#elif OP == abs
  //: return wasm_f32x4_abs(x);
//#elif OP == sin
  //: return sin4(x);
//#elif OP == cos
  //: return cos4(x);
//#elif OP == tan
  //: return tan4(x);
//#elif OP == asin
  //: return arc4(x, 0);
//#elif OP == acos
  //: return arc4(x, 1);
//#elif OP == atan
  //: return atan4(x);
//#elif OP == sinh
  //: return sinh4(x);
//#elif OP == cosh
  //: return cosh4(x);
//#elif OP == erf
  //: return erf4(x);
//#elif OP == softplus
  //: return softplus4(x);
//#elif OP == softsign
  //: return wasm_f32x4_div(x, wasm_f32x4_add(set1(1.0f), wasm_f32x4_abs(x)));
//#elif OP == elu
  //: return elu4(x, alpha, set1(1.0f));
//#elif OP == selu
  //: return wasm_f32x4_mul(elu4(x, set1(1.67326324f), set1(1.0f)), set1(1.05070099f));
//#elif OP == celu
  //: return elu4(x, alpha, alpha);
//#elif OP == mish
  //: return mish4(x);
//#elif OP == leaky_relu
  //: return wasm_v128_bitselect(wasm_f32x4_mul(alpha, x), x, wasm_f32x4_lt(x, set1(0.0f)));
//#elif OP == thresholded_relu
  //: return wasm_v128_and(x, wasm_f32x4_gt(x, alpha));
//#elif OP == hard_sigmoid
  //: return unit4(madd(alpha, x, beta));
//#elif OP == hard_swish
  //: return wasm_f32x4_mul(x, unit4(madd(x, set1(1.0f / 6), set1(0.5f))));
//#elif OP == square
  //: return wasm_f32x4_mul(x, x);
//#elif OP == reciprocal
  //: return wasm_f32x4_div(set1(1.0f), x);
//#elif OP == floor
  //: return wasm_f32x4_floor(x);
//#elif OP == ceil
  //: return wasm_f32x4_ceil(x);
//#elif OP == round
  //: return wasm_f32x4_nearest(x);
//#elif OP == sign
  //: return wasm_f32x4_sub(truth4(wasm_f32x4_gt(x, set1(0.0f))), truth4(wasm_f32x4_lt(x, set1(0.0f))));
//#elif OP == not
  //: return truth4(wasm_f32x4_eq(x, set1(0.0f)));
//#elif OP == clip
  //: return wasm_f32x4_min(wasm_f32x4_max(x, alpha), beta);
//#elif OP == affine
  //: return wasm_f32x4_add(wasm_f32x4_mul(alpha, x), beta);
//#elif OP == softcap
  //: return wasm_f32x4_mul(alpha, tanh4(wasm_f32x4_div(x, alpha)));
//#end
}
