// The function that OP names, of two times four numbers.
//#option OP add|mul|silu_mul|gelu_mul|gelu_tanh_mul|quick_gelu_mul|relu_mul|sub|div|min|max|pow|prelu|mod|floor_mod|equal|less|less_equal|greater|greater_equal|and|or|xor
//#include "lib/math.h"
//#include "lib/power.h"
//#include "lib/truth.h"

static inline V apply(V a, V b) {
//#if OP == add
  return wasm_f32x4_add(a, b);
//#elif OP == mul
  //: return wasm_f32x4_mul(a, b);
//#elif OP == silu_mul
  //: return wasm_f32x4_mul(silu4(a), b);
//#elif OP == gelu_mul
  //: return wasm_f32x4_mul(gelu4(a), b);
//#elif OP == gelu_tanh_mul
  //: return wasm_f32x4_mul(gelu_tanh4(a), b);
//#elif OP == quick_gelu_mul
  //: return wasm_f32x4_mul(quick_gelu4(a), b);
//#elif OP == relu_mul
  //: return wasm_f32x4_mul(wasm_f32x4_max(a, set1(0.0f)), b);
//#elif OP == sub
  //: return wasm_f32x4_sub(a, b);
//#elif OP == div
  //: return wasm_f32x4_div(a, b);
//#elif OP == min
  //: return wasm_f32x4_min(a, b);
//#elif OP == max
  //: return wasm_f32x4_max(a, b);
//#elif OP == pow
  //: return pow4(a, b);
//#elif OP == prelu
  //: return wasm_v128_bitselect(wasm_f32x4_mul(a, b), a, wasm_f32x4_lt(a, set1(0.0f)));
//#elif OP == mod
  //: return remainder4(a, b, 0);
//#elif OP == floor_mod
  //: return remainder4(a, b, 1);
//#elif OP == equal
  //: return truth4(wasm_f32x4_eq(a, b));
//#elif OP == less
  //: return truth4(wasm_f32x4_lt(a, b));
//#elif OP == less_equal
  //: return truth4(wasm_f32x4_le(a, b));
//#elif OP == greater
  //: return truth4(wasm_f32x4_gt(a, b));
//#elif OP == greater_equal
  //: return truth4(wasm_f32x4_ge(a, b));
//#elif OP == and
  //: return truth4(wasm_v128_and(true4(a), true4(b)));
//#elif OP == or
  //: return truth4(wasm_v128_or(true4(a), true4(b)));
//#elif OP == xor
  //: return truth4(wasm_v128_xor(true4(a), true4(b)));
//#end
}
