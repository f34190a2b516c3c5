// Weight layout `panels` in f16 (compiler/formats/layouts-cpu.ts): a header, then 8 rows side by side, [K][8].
enum { PANEL = 8 };

static inline int panel_bytes(int K, int G) { return (void)G, HEADER + K * 16; }

static inline const uint16_t *halves(const char *panel) { return (const uint16_t *)(panel + HEADER); }

/// One row of a panel.
static void gather(const char *panel, int row, float *y, int D, int G) {
  const uint16_t *w = halves(panel) + row;
  const float scale = multiplier(panel);
  (void)G;
  for (int i = 0; i < D; i++) y[i] = half_small(w[i * PANEL]) * scale;
}

/// Sums of one row of x with the panel's, four columns a turn. Bits of halves taken as floats are tiny: 2^64 of the
/// multiplier goes to x, the rest to the sum, so that neither leaves the range of a float.
ALONE void one_row(const float *x, const char *panel, int K, float *sums) {
  const uint16_t *w = halves(panel);
  const V large = set1(0x1p64f), rest = set1(multiplier(panel) * 0x1p-64f);
  V a[8];
  UNROLL for (int i = 0; i < 8; i++) a[i] = set1(0);
  int k = 0;
  for (; k + 4 <= K; k += 4, w += 32)
    UNROLL for (int i = 0; i < 4; i++) {
      const V v = wasm_f32x4_mul(splat32(x + k + i), large);
      V w0, w1;
      load_halves_small(w + 8 * i, &w0, &w1);
      a[2 * i] = madd(v, w0, a[2 * i]);
      a[2 * i + 1] = madd(v, w1, a[2 * i + 1]);
    }
  for (; k < K; k++, w += 8) {
    const V v = wasm_f32x4_mul(splat32(x + k), large);
    V w0, w1;
    load_halves_small(w, &w0, &w1);
    a[0] = madd(v, w0, a[0]);
    a[1] = madd(v, w1, a[1]);
  }
  V even = wasm_f32x4_add(wasm_f32x4_add(a[0], a[2]), wasm_f32x4_add(a[4], a[6]));
  V odd = wasm_f32x4_add(wasm_f32x4_add(a[1], a[3]), wasm_f32x4_add(a[5], a[7]));
  store(sums, wasm_f32x4_mul(even, rest));
  store(sums + 4, wasm_f32x4_mul(odd, rest));
}

/// Floats a caller must have for `panel_floats`, for each column.
enum { PANEL_SCRATCH = PANEL };

/// Columns [k, k + count) of a panel as [count][8] floats, in `scratch` where they are not.
static inline const float *panel_floats(const char *panel, int k, int count, float *scratch) {
  const uint16_t *w = halves(panel) + k * PANEL;
  const V scale = set1(multiplier(panel));
  for (int i = 0; i < count * PANEL; i += 8) {
    V w0, w1;
    load_halves_small(w + i, &w0, &w1);
    store(scratch + i, wasm_f32x4_mul(w0, scale));
    store(scratch + i + 4, wasm_f32x4_mul(w1, scale));
  }
  return scratch;
}
