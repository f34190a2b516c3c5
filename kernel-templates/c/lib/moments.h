/// What makes a row's mean 0 and its variance 1: ((x - shift) - mean) * scale. shift is the row's first element, so
/// that a mean far from zero costs no digits.
typedef struct {
  float shift, mean, scale;
} Moments;

/// Sum of (x - shift) - mean, or of its square.
static float sum_off(const float *x, int n, float shift, float mean, int square) {
  const V s = set1(shift), m = set1(mean);
  V a = set1(0), b = a;
  int i = 0;
  for (; i + 8 <= n; i += 8) {
    V p = wasm_f32x4_sub(wasm_f32x4_sub(load(x + i), s), m), q = wasm_f32x4_sub(wasm_f32x4_sub(load(x + i + 4), s), m);
    a = square ? madd(p, p, a) : wasm_f32x4_add(a, p);
    b = square ? madd(q, q, b) : wasm_f32x4_add(b, q);
  }
  float sum = sum4(wasm_f32x4_add(a, b));
  for (; i < n; i++) {
    const float v = (x[i] - shift) - mean;
    sum += square ? v * v : v;
  }
  return sum;
}

static Moments moments(const float *x, int n, float EPS) {
  const float mean = sum_off(x, n, x[0], 0, 0) / (float)n;
  const float variance = sum_off(x, n, x[0], mean, 1) / (float)n;
  return (Moments){x[0], mean, 1.0f / __builtin_sqrtf(variance + EPS)};
}
