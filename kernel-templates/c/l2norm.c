//! Rows of length 1: x / max(|x|, EPS) (MODE max), or x / sqrt(|x|^2 + EPS) (MODE add).
//! op l2norm(x: f32[M,D]) -> y: f32[M,D]
//! grid M
//! args x, y, D, EPS
//! entry l2norm
//#option MODE max|add
//#include "lib/simd.h"
//#include "lib/squares.h"

static inline float size(float squares, float EPS) {
//#if MODE == max
  const float root = __builtin_sqrtf(squares);
  return root > EPS ? root : EPS;
//#else
  //: return __builtin_sqrtf(squares + EPS);
//#end
}

void l2norm(const float *x, float *y, int D, float EPS, int begin, int end) {
  for (int at = begin * D; at < end * D; at += D)
    scale_row(x + at, (const float *)0, y + at, D, 1.0f / size(squares(x + at, D), EPS));
}
