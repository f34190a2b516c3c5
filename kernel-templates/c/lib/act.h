// The activation that ACT names, of four numbers.
//#option ACT none|relu|gelu|gelu_tanh|quick_gelu|silu|tanh|sigmoid
//#include "lib/math.h"

static inline V act4(V x) {
//#if ACT == relu
  //: return wasm_f32x4_max(x, set1(0.0f));
//#elif ACT == gelu
  //: return gelu4(x);
//#elif ACT == gelu_tanh
  //: return gelu_tanh4(x);
//#elif ACT == quick_gelu
  //: return quick_gelu4(x);
//#elif ACT == silu
  //: return silu4(x);
//#elif ACT == tanh
  //: return tanh4(x);
//#elif ACT == sigmoid
  //: return sigmoid4(x);
//#else
  return x;
//#end
}
