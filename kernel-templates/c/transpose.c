//! y[b, n, m] = x[b, m, n]. Sixteen columns of x at a time, which is what a cache line holds.
//! op transpose(x: f32[B,M,N]) -> y: f32[B,N,M]
//! grid B * ceil(N / 16)
//! args x, y, M, N
//! entry transpose
//#include "lib/simd.h"

static void quad(const float *x, float *y, int M, int N) {
  V r0 = load(x), r1 = load(x + N), r2 = load(x + 2 * N), r3 = load(x + 3 * N);
  V a = wasm_i32x4_shuffle(r0, r1, 0, 4, 1, 5), b = wasm_i32x4_shuffle(r2, r3, 0, 4, 1, 5);
  V c = wasm_i32x4_shuffle(r0, r1, 2, 6, 3, 7), d = wasm_i32x4_shuffle(r2, r3, 2, 6, 3, 7);
  store(y, wasm_i64x2_shuffle(a, b, 0, 2));
  store(y + M, wasm_i64x2_shuffle(a, b, 1, 3));
  store(y + 2 * M, wasm_i64x2_shuffle(c, d, 0, 2));
  store(y + 3 * M, wasm_i64x2_shuffle(c, d, 1, 3));
}

void transpose(const float *x, float *y, int M, int N, int begin, int end) {
  const int strips = (N + 15) / 16;
  for (int item = begin; item < end; item++) {
    const int base = item / strips * M * N, first = item % strips * 16, stop = min_int(N, first + 16);
    for (int m = 0; m < M; m += 4)
      for (int n = first; n < stop; n += 4) {
        const float *from = x + base + m * N + n;
        float *to = y + base + n * M + m;
        const int rows = min_int(4, M - m), columns = min_int(4, stop - n);
        if (rows + columns == 8) {
          quad(from, to, M, N);
          continue;
        }
        for (int i = 0; i < columns; i++)
          for (int j = 0; j < rows; j++) to[i * M + j] = from[j * N + i];
      }
  }
}
