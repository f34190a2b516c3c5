//! x * rsqrt(mean(x^2) + EPS) * g, row by row; without g where it is null. LAST: row seq-1 alone, to row 0.
//! op rmsnorm(x: f32[R,D], g?: f32[D]) -> y: f32[M,D]
//! grid M
//! args x, g, y, step, D, EPS, LAST
//! entry rmsnorm
//#include "lib/simd.h"
//#include "lib/step.h"

static float squares(const float *x, int D) {
  V s0 = set1(0), s1 = s0;
  int i = 0;
  for (; i + 8 <= D; i += 8) {
    V a = load(x + i), b = load(x + i + 4);
    s0 = madd(a, a, s0);
    s1 = madd(b, b, s1);
  }
  float sum = sum4(wasm_f32x4_add(s0, s1));
  for (; i < D; i++) sum += x[i] * x[i];
  return sum;
}

void rmsnorm(const float *x, const float *g, float *y, const Step *step, int D, float EPS, int LAST,
             int begin, int end) {
  for (int m = begin; m < end; m++) {
    const float *from = x + (LAST ? (int)step->seq - 1 : m) * D;
    float *to = y + m * D;
    float scale = 1.0f / __builtin_sqrtf(squares(from, D) / (float)D + EPS);
    V s = set1(scale);
    int i = 0;
    for (; i + 4 <= D; i += 4) {
      V v = wasm_f32x4_mul(load(from + i), s);
      store(to + i, g ? wasm_f32x4_mul(v, load(g + i)) : v);
    }
    for (; i < D; i++) to[i] = from[i] * scale * (g ? g[i] : 1.0f);
  }
}
