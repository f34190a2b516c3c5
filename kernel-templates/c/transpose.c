//! y[b, n, m] = x[b, m, n]. Sixteen columns of x at a time, which is what a cache line holds.
//! op transpose(x: f32[B,M,N]) -> y: f32[B,N,M]
//! grid B * ceil(N / 16)
//! args x, y, M, N
//! entry transpose
//#include "lib/simd.h"
//#include "lib/quad.h"

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
          turn_quad(from, N, to, M);
          continue;
        }
        for (int i = 0; i < columns; i++)
          for (int j = 0; j < rows; j++) to[i * M + j] = from[j * N + i];
      }
  }
}
