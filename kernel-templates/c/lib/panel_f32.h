// Weight layout `panels` in f32 (compiler/formats/layouts-cpu.ts): 8 rows side by side, [K][8].
enum { PANEL = 8 };

static inline int panel_bytes(int K, int G) { return (void)G, K * 32; }

/// One row of a panel.
static void gather(const char *panel, int row, float *y, int D, int G) {
  const float *w = (const float *)panel + row;
  (void)G;
  for (int i = 0; i < D; i++) y[i] = w[i * PANEL];
}

/// Sums of one row of x with the panel's. Four columns a turn, each with sums of its own: the additions of one sum
/// wait for each other.
ALONE void one_row(const float *x, const char *panel, int K, float *sums) {
  const float *w = (const float *)panel;
  V a[8];
  UNROLL for (int i = 0; i < 8; i++) a[i] = set1(0);
  int k = 0;
  for (; k + 4 <= K; k += 4, w += 32)
    UNROLL for (int i = 0; i < 4; i++) {
      const V v = splat32(x + k + i);
      a[2 * i] = madd(v, load(w + 8 * i), a[2 * i]);
      a[2 * i + 1] = madd(v, load(w + 8 * i + 4), a[2 * i + 1]);
    }
  for (; k < K; k++, w += 8) {
    const V v = splat32(x + k);
    a[0] = madd(v, load(w), a[0]);
    a[1] = madd(v, load(w + 4), a[1]);
  }
  store(sums, wasm_f32x4_add(wasm_f32x4_add(a[0], a[2]), wasm_f32x4_add(a[4], a[6])));
  store(sums + 4, wasm_f32x4_add(wasm_f32x4_add(a[1], a[3]), wasm_f32x4_add(a[5], a[7])));
}

/// Floats a caller must have for `panel_floats`, for each column.
enum { PANEL_SCRATCH = 0 };

/// Columns [k, k + count) of a panel as [count][8] floats, in `scratch` where they are not.
static inline const float *panel_floats(const char *panel, int k, int count, float *scratch) {
  (void)count, (void)scratch;
  return (const float *)panel + k * PANEL;
}
