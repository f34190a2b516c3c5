//! s = x + r and y = s * rsqrt(mean(s^2) + EPS) * g, row by row: the end of one layer and the beginning of the next.
//! op add_rmsnorm(x: f32[R,D], r: f32[R,D], g?: f32[D]) -> s: f32[R,D], y: f32[R,D]
//! grid R
//! args x, r, g, s, y, D, EPS
//! entry add_rmsnorm
//#include "lib/simd.h"
//#include "lib/squares.h"

void add_rmsnorm(const float *x, const float *r, const float *g, float *s, float *y, int D, float EPS,
                 int begin, int end) {
  for (int at = begin * D; at < end * D; at += D) {
    int i = 0;
    for (; i + 4 <= D; i += 4) store(s + at + i, wasm_f32x4_add(load(x + at + i), load(r + at + i)));
    for (; i < D; i++) s[at + i] = x[at + i] + r[at + i];
    scale_row(s + at, g, y + at, D, 1.0f / __builtin_sqrtf(squares(s + at, D) / (float)D + EPS));
  }
}
