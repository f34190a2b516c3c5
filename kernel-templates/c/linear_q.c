//! y = x w^T for quantised weights, by integer products with a quantised x: one pass over the weights for one
//! row, 4 rows at a time for more.
//! op linear(x: i8x32[M,K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(N / 16)
//! layout w: panels
//! args x, w, r, b, y, M, N, K, G, LDY
//! entry linear
//#option W q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/simd.h"
//#include "lib/half.h"
//#include "lib/i8x32.h"
//#include "lib/panel_$W.h"
//#include "lib/epilogue.h"

/// Vectors of sums a call of `products` keeps: ROWS x QUADS of it.
enum { SUMS = 8 };

/// y[m][4 q + i]: products of ROWS rows of x with QUADS x 4 rows of a panel, from its quad `quad` on.
INLINE void products(const int ROWS, const int QUADS, const char *panel, int quad, const Block *x, int blocks, int K,
                     int G, float *y, int ldy) {
  V acc[SUMS], sums[SUMS];
  const Block *xs[SUMS];
  UNROLL for (int m = 0; m < ROWS; m++) xs[m] = x + m * blocks;
  UNROLL for (int i = 0; i < ROWS * QUADS; i++) acc[i] = set1(0);
  // A group's scale is applied to each of its blocks: cheaper than sums of its own for a group. One loop, without
  // branches, because engines spill what lives across an inner one.
  const int group = G / BLOCK, count = (K + G - 1) / G * group, mask = K > G ? group - 1 : -1;
  const char *w = panel + HEADER + quad * QUAD_STEP;
  for (int b = 0; b < count; b++) {
    const int left = group - (b & mask);
    const char *scales = w + left * BLOCK_BYTES - quad * (QUAD_STEP - 8);
    block_sums(ROWS, QUADS, w, xs, sums);
    UNROLL for (int q = 0; q < QUADS; q++) {
      const V scale = load_half_small(scales + q * 8);
      UNROLL for (int m = 0; m < ROWS; m++) {
        const int i = m * QUADS + q;
        const V stored = wasm_f32x4_convert_i32x4(sums[i]), x_scale = splat32(&xs[m]->X_SCALE);
        if (MINIMUM) {
          acc[i] = madd(wasm_f32x4_mul(stored, x_scale), scale, acc[i]);
          acc[i] = madd(block_total(xs[m]), load_half_small(scales + SCALE_BYTES + q * 8), acc[i]);
        } else acc[i] = madd(madd(stored, x_scale, block_bias(xs[m])), scale, acc[i]);
      }
    }
    UNROLL for (int m = 0; m < ROWS; m++) xs[m]++;
    w += BLOCK_BYTES + (left == 1) * TAIL_BYTES;
  }
  const V rest = set1(multiplier(panel) * (1 / X_UNIT));
  UNROLL for (int m = 0; m < ROWS; m++)
    UNROLL for (int q = 0; q < QUADS; q++) store(y + m * ldy + q * 4, wasm_f32x4_mul(acc[m * QUADS + q], rest));
}

// The two shapes in use, each a function of its own: alone, an engine finds registers for its loop.
ALONE void one_row(const char *panel, const Block *x, int K, int G, float *y) {
  for (int quad = 0; quad < PANEL / 4; quad += QUADS_AT_ONCE)
    products(1, QUADS_AT_ONCE, panel, quad, x, 0, K, G, y + quad * 4, PANEL);
}

ALONE void four_rows(const char *panel, const Block *x, int blocks, int K, int G, float *y) {
  for (int quad = 0; quad < PANEL / 4; quad += 2) products(4, 2, panel, quad, x, blocks, K, G, y + quad * 4, PANEL);
}

static inline void finish(const float *sums, const float *r, const float *b, float *y, int m, int n, int N, int LDY) {
  float *to = y + (uint32_t)m * (uint32_t)LDY;
  finish8(load(sums), load(sums + 4), row_of(r, m, LDY), b, to, n, N);
  if (n + 8 < N) finish8(load(sums + 8), load(sums + 12), row_of(r, m, LDY), b, to, n + 8, N);
}

void linear(const Block *x, const char *w, const float *r, const float *b, float *y, int M, int N, int K, int G,
            int LDY, int begin, int end) {
  const int bytes = panel_bytes(K, G), blocks = row_blocks(K);
  G = group_of(K, G);
  float sums[4 * PANEL];
  for (int p = begin; p < end; p++) {
    const char *panel = panel_at(w, p, bytes);
    int m = 0;
    for (; m + 4 <= M; m += 4) {
      four_rows(panel, x + m * blocks, blocks, K, G, sums);
      for (int i = 0; i < 4; i++) finish(sums + i * PANEL, r, b, y, m + i, p * PANEL, N, LDY);
    }
    for (; m < M; m++) {
      one_row(panel, x + m * blocks, K, G, sums);
      finish(sums, r, b, y, m, p * PANEL, N, LDY);
    }
  }
}
