//! A function of every element.
//! op unary(x: f32[M,D]) -> y: f32[M,D]
//! grid M * D
//! args x, y
//! entry unary
//#option OP silu
//#include "lib/simd.h"
//#include "lib/math.h"

void unary(const float *x, float *y, int begin, int end) {
  int i = begin;
  for (; i + 4 <= end; i += 4) store(y + i, silu4(load(x + i)));
  for (; i < end; i++) y[i] = wasm_f32x4_extract_lane(silu4(set1(x[i])), 0);
}
