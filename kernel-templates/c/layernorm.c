//! (x - mean(x)) * rsqrt(variance(x) + EPS) * g + b, row by row; without g and b where they are null. LAST: row
//! seq-1 alone, to row 0.
//! op layernorm(x: f32[R,D], g?: f32[D], b?: f32[D]) -> y: f32[M,D]
//! grid M
//! args x, g, b, y, step, D, EPS, LAST
//! entry layernorm
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/moments.h"

void layernorm(const float *x, const float *g, const float *b, float *y, const Step *step, int D, float EPS,
               int LAST, int begin, int end) {
  for (int row = begin; row < end; row++) {
    const float *from = x + (LAST ? (int)step->seq - 1 : row) * D;
    float *to = y + row * D;
    const Moments m = moments(from, D, EPS);
    const V shift = set1(m.shift), mean = set1(m.mean), scale = set1(m.scale);
    int i = 0;
    for (; i + 4 <= D; i += 4) {
      V v = wasm_f32x4_mul(wasm_f32x4_sub(wasm_f32x4_sub(load(from + i), shift), mean), scale);
      if (g) v = wasm_f32x4_mul(v, load(g + i));
      store(to + i, b ? wasm_f32x4_add(v, load(b + i)) : v);
    }
    for (; i < D; i++) to[i] = ((from[i] - m.shift) - m.mean) * m.scale * (g ? g[i] : 1.0f) + (b ? b[i] : 0.0f);
  }
}
