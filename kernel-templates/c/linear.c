//! y = x w^T for f32 and f16 weights: one pass over the weights for one row, register tiles of 4 rows by 8
//! columns for more.
//! op linear(x: f32[M,K], w: W[N,K], r?: f32[M,LDY]) -> y: f32[M,LDY]
//! grid ceil(N / 8)
//! needs !BIAS
//! needs EPI == glu && ACT == silu || EPI != glu && ACT == none
//! layout w: panels
//! args x, w, r, y, M, N, K, LDY
//! entry linear
//#option W f32|f16
//#include "lib/simd.h"
//#include "lib/half.h"
//#include "lib/panel_$W.h"
//#include "lib/epilogue.h"

// A tile is 4 rows of x by a panel. Rows of x are packed in blocks of ROWS x DEPTH, and tiles of PANELS panels
// gather their sums, on the stack: 4 (ROWS DEPTH + 8 ROWS PANELS + 8 DEPTH) bytes.
enum { ROWS = 32, DEPTH = 256, PANELS = 16 };

/// Rows and columns of x as tiles read them: the 4 rows' values of a column side by side; rows from `rows` on are 0.
static void pack_x(const float *x, int K, int rows, int count, float *to) {
  for (int m = 0; m < rows; m += 4) {
    const V zero = set1(0);
    const float *x0 = x + m * K, *x1 = x0 + K, *x2 = x1 + K, *x3 = x2 + K;
    const int n = rows - m;
    int k = 0;
    for (; k + 4 <= count; k += 4, to += 16) {
      V a = load(x0 + k), b = n > 1 ? load(x1 + k) : zero;
      V c = n > 2 ? load(x2 + k) : zero, d = n > 3 ? load(x3 + k) : zero;
      V ab = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), ab2 = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
      V cd = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), cd2 = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
      store(to, wasm_i64x2_shuffle(ab, cd, 0, 2));
      store(to + 4, wasm_i64x2_shuffle(ab, cd, 1, 3));
      store(to + 8, wasm_i64x2_shuffle(ab2, cd2, 0, 2));
      store(to + 12, wasm_i64x2_shuffle(ab2, cd2, 1, 3));
    }
    for (; k < count; k++, to += 4) {
      to[0] = x0[k];
      to[1] = n > 1 ? x1[k] : 0;
      to[2] = n > 2 ? x2[k] : 0;
      to[3] = n > 3 ? x3[k] : 0;
    }
  }
}

/// Adds the products of `count` columns to a tile. One column a turn: unrolled, it needs more registers than
/// there are.
ALONE void tile(const float *x, const float *w, float *c, int count, int first) {
  const V zero = set1(0);
  V c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  if (!first) {
    c00 = load(c), c01 = load(c + 4), c10 = load(c + 8), c11 = load(c + 12);
    c20 = load(c + 16), c21 = load(c + 20), c30 = load(c + 24), c31 = load(c + 28);
  }
#pragma clang loop unroll(disable)
  for (int k = 0; k < count; k++, x += 4, w += 8) {
    V w0 = load(w), w1 = load(w + 4);
    V x0 = splat32(x);
    c00 = madd(x0, w0, c00), c01 = madd(x0, w1, c01);
    V x1 = splat32(x + 1);
    c10 = madd(x1, w0, c10), c11 = madd(x1, w1, c11);
    V x2 = splat32(x + 2);
    c20 = madd(x2, w0, c20), c21 = madd(x2, w1, c21);
    V x3 = splat32(x + 3);
    c30 = madd(x3, w0, c30), c31 = madd(x3, w1, c31);
  }
  store(c, c00), store(c + 4, c01), store(c + 8, c10), store(c + 12, c11);
  store(c + 16, c20), store(c + 20, c21), store(c + 24, c30), store(c + 28, c31);
}

/// Rows [m, m + rows) of y for panels [begin, end).
static void many_rows(const float *x, const char *w, const float *r, float *y, int m, int rows, int N, int K,
                      int LDY, int begin, int end) {
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
        for (int i = 0; i < rows; i += 4) tile(xs + i * count, wp, c + i * PANEL, count, k == 0);
      }
    }
    for (int p = p0; p < p1; p++)
      for (int i = 0; i < rows; i++) {
        const float *c = sums + (p - p0) * ROWS * PANEL + i * PANEL;
        finish8(load(c), load(c + 4), row_of(r, m + i, LDY), y + (uint32_t)(m + i) * (uint32_t)LDY, p * PANEL, N);
      }
  }
}

void linear(const float *x, const char *w, const float *r, float *y, int M, int N, int K, int LDY, int begin,
            int end) {
  if (M == 1) {
    const int bytes = panel_bytes(K, 0);
    float sums[PANEL];
    for (int p = begin; p < end; p++) {
      one_row(x, panel_at(w, p, bytes), K, sums);
      finish8(load(sums), load(sums + 4), r, y, p * PANEL, N);
    }
    return;
  }
  for (int m = 0; m < M; m += ROWS) many_rows(x, w, r, y, m, min_int(ROWS, M - m), N, K, LDY, begin, end);
}
