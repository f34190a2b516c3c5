// What OP does to four elements and what came before them (join), to two such results (merge) and to the last
// (result). `most` is the largest element where logsumexp needs it.
//#option OP sum|mean|max|min|prod|l1|l2|sumsq|logsum|logsumexp
//#include "lib/math.h"

#define LOWEST -3.40282347e38f

/// What changes nothing, as an element and as what came before the first.
//#if OP == max
//: #define NEUTRAL -__builtin_inff()
//#elif OP == min
//: #define NEUTRAL __builtin_inff()
//#elif OP == prod
//: #define NEUTRAL 1.0f
//#else
#define NEUTRAL 0.0f
//#end

static inline V merge(V a, V b) {
//#if OP == max
  //: return wasm_f32x4_pmax(a, b);
//#elif OP == min
  //: return wasm_f32x4_pmin(a, b);
//#elif OP == prod
  //: return wasm_f32x4_mul(a, b);
//#else
  return wasm_f32x4_add(a, b);
//#end
}

static inline V join(V all, V x, V most) {
  (void)most;
//#if OP == l1
  //: return wasm_f32x4_add(all, wasm_f32x4_abs(x));
//#elif OP == l2 || OP == sumsq
  //: return madd(x, x, all);
//#elif OP == logsumexp
  //: return wasm_f32x4_add(all, exp4(wasm_f32x4_sub(x, most)));
//#else
  return merge(all, x);
//#end
}

static inline V result(V all, V most, int D) {
  (void)most, (void)D;
//#if OP == mean
  //: return wasm_f32x4_div(all, set1((float)D));
//#elif OP == l2
  //: return wasm_f32x4_sqrt(all);
//#elif OP == logsum
  //: return log4_any(all);
//#elif OP == logsumexp
  //: return wasm_f32x4_add(most, log4(all));
//#else
  return all;
//#end
}
