//! softmax(SCALE x) or its logarithm (LOG) along the last axis. -inf counts as the lowest number, so a row of nothing
//! else gives 1 / D.
//! op softmax(x: f32[A,D,S]) -> y: f32[A,D,S]
//! grid A
//! needs S == 1
//! args x, y, D, SCALE, LOG
//! entry softmax_rows
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/softmax.h"

static float largest(const float *x, int D) {
  V top = set1(LOWEST), other = top;
  int i = 0;
  for (; i + 8 <= D; i += 8) {
    top = wasm_f32x4_pmax(top, load(x + i));
    other = wasm_f32x4_pmax(other, load(x + i + 4));
  }
  for (; i < D; i += 4) top = wasm_f32x4_pmax(top, D - i < 4 ? load_part(x + i, D - i, LOWEST) : load(x + i));
  top = wasm_f32x4_pmax(top, other);
  top = wasm_f32x4_pmax(top, wasm_i32x4_shuffle(top, top, 2, 3, 0, 1));
  top = wasm_f32x4_pmax(top, wasm_i32x4_shuffle(top, top, 1, 0, 3, 2));
  return wasm_f32x4_extract_lane(top, 0);
}

void softmax_rows(const float *x, float *y, int D, float SCALE, int LOG, int begin, int end) {
  const V scale = set1(SCALE);
  for (int row = begin; row < end; row++) {
    const float *from = x + row * D;
    float *to = y + row * D;
    const V top = set1(largest(from, D));
    V sum = set1(0);
    for (int i = 0; i < D; i += 4) {
      const int n = min_int(4, D - i);
      const V u = exponent(get(from + i, n), top, scale);
      V e = exp4(u);
      put(to + i, LOG ? u : e, n);
      if (n < 4) e = wasm_v128_and(e, wasm_i32x4_lt(wasm_i32x4_make(0, 1, 2, 3), wasm_i32x4_splat(n)));
      sum = wasm_f32x4_add(sum, e);
    }
    const V step = last_step(set1(sum4(sum)), LOG);
    for (int i = 0; i < D; i += 4) {
      const int n = min_int(4, D - i);
      put(to + i, finish(get(to + i, n), step, LOG), n);
    }
  }
}
