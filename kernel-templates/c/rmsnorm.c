//! x * rsqrt(mean(x^2) + EPS) * g, row by row; without g where it is null. LAST: row seq-1 alone, to row 0.
//! op rmsnorm(x: f32[R,D], g?: f32[D]) -> y: f32[M,D]
//! grid M
//! args x, g, y, step, D, EPS, LAST
//! entry rmsnorm
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/squares.h"

void rmsnorm(const float *x, const float *g, float *y, const Step *step, int D, float EPS, int LAST,
             int begin, int end) {
  for (int m = begin; m < end; m++) {
    const float *from = x + (LAST ? (int)step->seq - 1 : m) * D;
    scale_row(from, g, y + m * D, D, 1.0f / __builtin_sqrtf(squares(from, D) / (float)D + EPS));
  }
}
