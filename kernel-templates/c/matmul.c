//! y = SCALE a b for a batch of matrices of activations; TB: b is stored as [BB,N,K]. Register tiles of 4 rows by 8
//! columns, from blocks of a and columns of b that are packed for them; one row is multiplied where b lies.
//! op matmul(a: f32[B,M,K], b: f32[BB,K,N]) -> y: f32[B,M,N]
//! grid B * ceil(N / 8)
//! args a, b, y, B, BB, M, N, K, TB, SCALE
//! entry matmul
//#include "lib/simd.h"
enum { PANEL = 8 };
//#include "lib/tile.h"

/// What all products of a batch's matrix share.
typedef struct {
  const float *a, *b;
  float *y;
  int M, N, K, TB;
  float scale;
} Product;

static inline void store8(const Product *t, V s0, V s1, int m, int n) {
  float *y = t->y + (uint32_t)m * (uint32_t)t->N + n;
  const V scale = set1(t->scale);
  s0 = wasm_f32x4_mul(s0, scale), s1 = wasm_f32x4_mul(s1, scale);
  if (n + 8 <= t->N) {
    store(y, s0), store(y + 4, s1);
    return;
  }
  float last[8];
  store(last, s0), store(last + 4, s1);
  for (int i = 0; i < t->N - n; i++) y[i] = last[i];
}

// Rows of a are packed in blocks of BLOCK_ROWS x BLOCK_DEPTH, and for each of them 2 panels of b: many rows and few
// columns of a, because columns of b lie far apart. 4 BLOCK_DEPTH (BLOCK_ROWS + 16) bytes on the stack.
enum { BLOCK_ROWS = 80, BLOCK_DEPTH = 128 };

/// Rows [k, k + count) of columns n .. n + 8 PANELS - 1 of b times the scale, as panels of [count][8].
INLINE void pack_panels(const Product *t, int n, int k, int count, float *to, const int PANELS) {
  const float *from = t->b + (uint32_t)k * (uint32_t)t->N + n;
  const V scale = set1(t->scale);
  for (int i = 0; i < count; i++, from += t->N, to += 8)
    UNROLL for (int p = 0; p < PANELS; p++)
      UNROLL for (int j = 0; j < 8; j += 4)
        store(to + p * count * PANEL + j, wasm_f32x4_mul(load(from + 8 * p + j), scale));
}

/// The same of columns that lie along rows, or that end before a panel does.
static void pack_odd(const Product *t, int n, int k, int count, float *to) {
  const int columns = min_int(8, t->N - n);
  if (t->TB) {
    const float *from = t->b + (uint32_t)n * (uint32_t)t->K + k;
    pack4(from, t->K, columns, count, to, 8);
    if (columns > 4) pack4(from + 4 * t->K, t->K, columns - 4, count, to + 4, 8);
    else for (int i = 0; i < count; i++) store(to + 8 * i + 4, set1(0));
  } else {
    const float *from = t->b + (uint32_t)k * (uint32_t)t->N + n;
    for (int i = 0; i < count; i++, from += t->N)
      for (int j = 0; j < 8; j++) to[8 * i + j] = j < columns ? from[j] : 0;
  }
  for (int i = 0; i < 8 * count; i += 4) store(to + i, wasm_f32x4_mul(load(to + i), set1(t->scale)));
}

/// Adds to rows [m, m + rows) of a panel's columns, n and on. What a tile has beyond y goes to a tile of its own.
static void add_panel(const Product *t, const float *xs, const float *bs, int m, int rows, int n, int count, int first) {
  float *y = t->y + (uint32_t)m * (uint32_t)t->N + n;
  const int columns = min_int(8, t->N - n);
  for (int i = 0; i < rows; i += 4, y += 4 * (uint32_t)t->N) {
    if (columns == 8 && i + 4 <= rows) {
      tile(xs + i * count, bs, y, t->N, count, first);
      continue;
    }
    float part[4 * PANEL];
    const int there = min_int(4, rows - i);
    if (!first)
      for (int r = 0; r < there; r++)
        for (int j = 0; j < columns; j++) part[r * PANEL + j] = y[r * t->N + j];
    tile(xs + i * count, bs, part, PANEL, count, first);
    for (int r = 0; r < there; r++)
      for (int j = 0; j < columns; j++) y[r * t->N + j] = part[r * PANEL + j];
  }
}

/// Rows [m, m + rows) of y for panels [begin, end).
ALONE void many_rows(const Product *t, int m, int rows, int begin, int end) {
  float xs[BLOCK_ROWS * BLOCK_DEPTH], bs[2 * BLOCK_DEPTH * PANEL];
  for (int k = 0; k < t->K; k += BLOCK_DEPTH) {
    const int count = min_int(BLOCK_DEPTH, t->K - k);
    pack_x(t->a + (uint32_t)m * (uint32_t)t->K + k, t->K, rows, count, xs);
    for (int p = begin; p < end;) {
      const int n = p * PANEL, two = !t->TB && p + 2 <= end && n + 16 <= t->N;
      if (two) pack_panels(t, n, k, count, bs, 2);
      else if (!t->TB && n + 8 <= t->N) pack_panels(t, n, k, count, bs, 1);
      else pack_odd(t, n, k, count, bs);
      add_panel(t, xs, bs, m, rows, n, count, k == 0);
      if (two) add_panel(t, xs, bs + count * PANEL, m, rows, n + PANEL, count, k == 0);
      p += 1 + two;
    }
  }
}

/// Columns n .. n + 8 COUNT - 1 of one row, all of them below N.
INLINE void some_columns(const Product *t, int n, const int COUNT) {
  const int N = t->N;
  const float *b = t->b + n;
  V sums[8];
  UNROLL for (int i = 0; i < 2 * COUNT; i++) sums[i] = set1(0);
  for (int k = 0; k < t->K; k++, b += N) {
    const V x = splat32(t->a + k);
    UNROLL for (int i = 0; i < 2 * COUNT; i++) sums[i] = madd(x, load(b + 4 * i), sums[i]);
  }
  UNROLL for (int i = 0; i < COUNT; i++) store8(t, sums[2 * i], sums[2 * i + 1], 0, n + 8 * i);
}

/// Panels [begin, end) of one row, b stored as [K,N]. Several at a time: whole cache lines, and sums enough that none
/// waits for itself.
ALONE void one_row(const Product *t, int begin, int end) {
  const int N = t->N;
  for (int p = begin; p < end;) {
    const int n = p * PANEL;
    if (p + 4 <= end && n + 32 <= N) some_columns(t, n, 4), p += 4;
    else if (n + 8 <= N) some_columns(t, n, 1), p++;
    else {
      for (int j = n; j < N; j++) {
        float sum = 0;
        for (int k = 0; k < t->K; k++) sum += t->a[k] * t->b[(uint32_t)k * (uint32_t)N + j];
        t->y[j] = t->scale * sum;
      }
      p++;
    }
  }
}

/// As above, b stored as [N,K]: sums of products along its rows.
ALONE void one_row_tb(const Product *t, int begin, int end) {
  const int K = t->K, whole = K & ~3;
  const float *a = t->a;
  for (int p = begin; p < end; p++) {
    const float *rows[8];
    V sums[8];
    // Rows from N on are not there; the last one stands for them.
    UNROLL for (int i = 0; i < 8; i++) {
      rows[i] = t->b + (uint32_t)min_int(p * PANEL + i, t->N - 1) * (uint32_t)K;
      sums[i] = set1(0);
    }
    for (int k = 0; k < whole; k += 4) {
      const V x = load(a + k);
      UNROLL for (int i = 0; i < 8; i++) sums[i] = madd(x, load(rows[i] + k), sums[i]);
    }
    float out[8];
    store(out, sum4x4(sums[0], sums[1], sums[2], sums[3]));
    store(out + 4, sum4x4(sums[4], sums[5], sums[6], sums[7]));
    for (int k = whole; k < K; k++)
      UNROLL for (int i = 0; i < 8; i++) out[i] += a[k] * rows[i][k];
    store8(t, load(out), load(out + 4), 0, p * PANEL);
  }
}

void matmul(const float *a, const float *b, float *y, int B, int BB, int M, int N, int K, int TB, float SCALE,
            int begin, int end) {
  const int panels = (N + PANEL - 1) / PANEL, share = B / BB;
  for (int item = begin; item < end;) {
    const int batch = item / panels, p0 = item % panels, p1 = min_int(p0 + end - item, panels);
    const uint32_t rows = (uint32_t)(batch * M);
    const Product t = {a + rows * (uint32_t)K, b + (uint32_t)(batch / share) * (uint32_t)K * (uint32_t)N,
                       y + rows * (uint32_t)N, M, N, K, TB, SCALE};
    if (M > 1)
      for (int m = 0; m < M; m += BLOCK_ROWS) many_rows(&t, m, min_int(BLOCK_ROWS, M - m), p0, p1);
    else if (TB) one_row_tb(&t, p0, p1);
    else one_row(&t, p0, p1);
    item += p1 - p0;
  }
}
