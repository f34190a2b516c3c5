/// Turns one head by a position: y(i, i + HD/2) = x(i, i + HD/2) times cos, sin of position * f_i, which is the
/// product of a coarse row and a fine row of the table. `HD` floats each; x may be y.
static inline void rope_head(const float *x, const float *table, float *y, int position, int HD, int C) {
  const int half = HD / 2;
  const float *coarse = table + (position / 64) * HD;
  const float *fine = table + ((C + 63) / 64 + position % 64) * HD;
  int i = 0;
  for (; i + 4 <= half; i += 4) {
    V c0 = load(coarse + 2 * i), c1 = load(coarse + 2 * i + 4);
    V f0 = load(fine + 2 * i), f1 = load(fine + 2 * i + 4);
    V cc = wasm_i32x4_shuffle(c0, c1, 0, 2, 4, 6), cs = wasm_i32x4_shuffle(c0, c1, 1, 3, 5, 7);
    V fc = wasm_i32x4_shuffle(f0, f1, 0, 2, 4, 6), fs = wasm_i32x4_shuffle(f0, f1, 1, 3, 5, 7);
    V cos = wasm_f32x4_sub(wasm_f32x4_mul(cc, fc), wasm_f32x4_mul(cs, fs));
    V sin = wasm_f32x4_add(wasm_f32x4_mul(cs, fc), wasm_f32x4_mul(cc, fs));
    V a = load(x + i), b = load(x + i + half);
    store(y + i, wasm_f32x4_sub(wasm_f32x4_mul(a, cos), wasm_f32x4_mul(b, sin)));
    store(y + i + half, wasm_f32x4_add(wasm_f32x4_mul(a, sin), wasm_f32x4_mul(b, cos)));
  }
  for (; i < half; i++) {
    float cos = coarse[2 * i] * fine[2 * i] - coarse[2 * i + 1] * fine[2 * i + 1];
    float sin = coarse[2 * i + 1] * fine[2 * i] + coarse[2 * i] * fine[2 * i + 1];
    float a = x[i], b = x[i + half];
    y[i] = a * cos - b * sin;
    y[i + half] = a * sin + b * cos;
  }
}
