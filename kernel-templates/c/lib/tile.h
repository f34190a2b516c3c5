// Products of many rows: register tiles of 4 rows of x by 8 columns of y, from rows of x that are packed for it and
// panels of 8 columns, [k][8] floats.

/// `count` columns of up to 4 rows, a column's values side by side: to[STEP k + row]; rows from `rows` on are 0.
INLINE void pack4(const float *x, int K, int rows, int count, float *to, const int STEP) {
  const V zero = set1(0);
  const float *x0 = x, *x1 = x0 + K, *x2 = x1 + K, *x3 = x2 + K;
  int k = 0;
  for (; k + 4 <= count; k += 4, to += 4 * STEP) {
    V a = load(x0 + k), b = rows > 1 ? load(x1 + k) : zero;
    V c = rows > 2 ? load(x2 + k) : zero, d = rows > 3 ? load(x3 + k) : zero;
    V ab = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), ab2 = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
    V cd = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), cd2 = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
    store(to, wasm_i64x2_shuffle(ab, cd, 0, 2));
    store(to + STEP, wasm_i64x2_shuffle(ab, cd, 1, 3));
    store(to + 2 * STEP, wasm_i64x2_shuffle(ab2, cd2, 0, 2));
    store(to + 3 * STEP, wasm_i64x2_shuffle(ab2, cd2, 1, 3));
  }
  for (; k < count; k++, to += STEP) {
    to[0] = x0[k];
    to[1] = rows > 1 ? x1[k] : 0;
    to[2] = rows > 2 ? x2[k] : 0;
    to[3] = rows > 3 ? x3[k] : 0;
  }
}

/// Rows and columns of x as tiles read them, 4 rows after 4 rows.
static void pack_x(const float *x, int K, int rows, int count, float *to) {
  for (int m = 0; m < rows; m += 4) pack4(x + m * K, K, rows - m, count, to + m * count, 4);
}

/// One column: 4 of x, 8 of w.
#define COLUMN(x, w)                                        \
  {                                                         \
    const V w0 = load(w), w1 = load((w) + 4);               \
    const V x0 = splat32(x), x1 = splat32((x) + 1);         \
    c00 = madd(x0, w0, c00), c01 = madd(x0, w1, c01);       \
    c10 = madd(x1, w0, c10), c11 = madd(x1, w1, c11);       \
    const V x2 = splat32((x) + 2), x3 = splat32((x) + 3);   \
    c20 = madd(x2, w0, c20), c21 = madd(x2, w1, c21);       \
    c30 = madd(x3, w0, c30), c31 = madd(x3, w1, c31);       \
  }

/// Adds the products of `count` columns to a tile, whose rows are `step` apart. Two columns a turn: one leaves the
/// processor waiting for the loop, more need more registers than there are.
ALONE void tile(const float *x, const float *w, float *c, int step, int count, int first) {
  const V zero = set1(0);
  V c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  float *const c1 = c + step, *const c2 = c1 + step, *const c3 = c2 + step;
  if (!first) {
    c00 = load(c), c01 = load(c + 4), c10 = load(c1), c11 = load(c1 + 4);
    c20 = load(c2), c21 = load(c2 + 4), c30 = load(c3), c31 = load(c3 + 4);
  }
  int k = 0;
#pragma clang loop unroll(disable)
  for (; k + 2 <= count; k += 2, x += 8, w += 16) {
    COLUMN(x, w)
    COLUMN(x + 4, w + 8)
  }
  if (k < count) COLUMN(x, w)
  store(c, c00), store(c + 4, c01), store(c1, c10), store(c1 + 4, c11);
  store(c2, c20), store(c2 + 4, c21), store(c3, c30), store(c3 + 4, c31);
}
