//! y = x w^T for f32 and f16 weights: one pass over the weights for one row, register tiles of 4 rows by 8
//! columns for more.
//! op linear(x: f32[M,K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(N / 8)
//! layout w: panels
//! args x, w, r, b, y, M, N, K, LDY
//! entry linear
//#option W f32|f16
//#include "lib/simd.h"
//#include "lib/half.h"
//#include "lib/panel_$W.h"
//#include "lib/epilogue.h"
//#include "lib/tile.h"

// Rows of x are packed in blocks of ROWS x DEPTH, and tiles of PANELS panels gather their sums, on the stack:
// 4 (ROWS DEPTH + 8 ROWS PANELS + 8 DEPTH) bytes.
enum { ROWS = 32, DEPTH = 256, PANELS = 16 };

/// Rows [m, m + rows) of y for panels [begin, end).
static void many_rows(const float *x, const char *w, const float *r, const float *b, float *y, int m, int rows, int N,
                      int K, int LDY, int begin, int end) {
  float xs[ROWS * DEPTH], sums[PANELS * ROWS * PANEL];
  float ws[PANEL_SCRATCH ? DEPTH * PANEL_SCRATCH : 1];
  const int bytes = panel_bytes(K, 0);
  for (int p0 = begin; p0 < end; p0 += PANELS) {
    const int p1 = min_int(p0 + PANELS, end);
    for (int k = 0; k < K; k += DEPTH) {
      const int count = min_int(DEPTH, K - k);
      if (K > DEPTH || p0 == begin) pack_x(x + (uint32_t)m * (uint32_t)K + k, K, rows, count, xs);
      for (int p = p0; p < p1; p++) {
        const float *wp = panel_floats(panel_at(w, p, bytes), k, count, ws);
        float *c = sums + (p - p0) * ROWS * PANEL;
        for (int i = 0; i < rows; i += 4) tile(xs + i * count, wp, c + i * PANEL, PANEL, count, k == 0);
      }
    }
    for (int p = p0; p < p1; p++)
      for (int i = 0; i < rows; i++) {
        const float *c = sums + (p - p0) * ROWS * PANEL + i * PANEL;
        float *to = y + (uint32_t)(m + i) * (uint32_t)LDY;
        finish8(load(c), load(c + 4), row_of(r, m + i, LDY), b, to, p * PANEL, N);
      }
  }
}

void linear(const float *x, const char *w, const float *r, const float *b, float *y, int M, int N, int K, int LDY,
            int begin, int end) {
  if (M == 1) {
    const int bytes = panel_bytes(K, 0);
    float sums[PANEL];
    for (int p = begin; p < end; p++) {
      one_row(x, panel_at(w, p, bytes), K, sums);
      finish8(load(sums), load(sums + 4), r, b, y, p * PANEL, N);
    }
    return;
  }
  for (int m = 0; m < M; m += ROWS) many_rows(x, w, r, b, y, m, min_int(ROWS, M - m), N, K, LDY, begin, end);
}
