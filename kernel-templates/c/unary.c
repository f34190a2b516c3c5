//! A function of every element.
//! op unary(x: f32[M,D]) -> y: f32[M,D]
//! grid M * D
//! args x, y, ALPHA, BETA
//! entry unary
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/unary_ops.h"

/// n: a multiple of four. Alone, so that the function is compiled once.
ALONE void run(const float *x, float *y, int n, float ALPHA, float BETA) {
  const V alpha = set1(ALPHA), beta = set1(BETA);
  for (int i = 0; i < n; i += 4) store(y + i, apply(load(x + i), alpha, beta));
}

void unary(const float *x, float *y, float ALPHA, float BETA, int begin, int end) {
  const int rest = (end - begin) & 3, middle = end - rest;
  run(x + begin, y + begin, middle - begin, ALPHA, BETA);
  if (!rest) return;
  float last[4];
  store(last, load_part(x + middle, rest, 1));
  run(last, last, 4, ALPHA, BETA);
  store_part(y + middle, load(last), rest);
}
