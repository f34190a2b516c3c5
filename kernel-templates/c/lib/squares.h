/// Sum of the squares of a row.
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

/// y = x times a number, and times g where there is one.
static void scale_row(const float *x, const float *g, float *y, int D, float scale) {
  const V s = set1(scale);
  int i = 0;
  for (; i + 4 <= D; i += 4) {
    V v = wasm_f32x4_mul(load(x + i), s);
    store(y + i, g ? wasm_f32x4_mul(v, load(g + i)) : v);
  }
  for (; i < D; i++) y[i] = x[i] * scale * (g ? g[i] : 1.0f);
}
