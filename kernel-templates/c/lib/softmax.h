// What softmax by rows and by columns share.
//#include "lib/math.h"

#define LOWEST -3.40282347e38f

/// At most 0.
static inline V exponent(V x, V top, V scale) {
  return wasm_f32x4_mul(wasm_f32x4_sub(wasm_f32x4_pmax(x, set1(LOWEST)), top), scale);
}

/// What a power is multiplied by, or what is taken off an exponent, where the powers' sum is this.
static inline V last_step(V sum, int LOG) { return LOG ? log4(sum) : wasm_f32x4_div(set1(1.0f), sum); }

static inline V finish(V v, V step, int LOG) { return LOG ? wasm_f32x4_sub(v, step) : wasm_f32x4_mul(v, step); }
