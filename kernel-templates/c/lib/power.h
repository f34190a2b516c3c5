// Powers and remainders, in double.

/// e^t for |t| < 700 within 2^-36 of itself.
static inline double exp64(double t) {
  const double n = __builtin_rint(t * 1.4426950408889634), r = t - n * 0.69314718055994531;
  double p = 1.0 / 362880;
  // The series, from 1 / 9! on: factors that the compiler knows once the loop is unrolled.
  double factor = 1.0 / 362880;
  UNROLL for (int i = 9; i > 0; i--) p = p * r + (factor *= i);
  union {
    int64_t bits;
    double value;
  } power = {((int64_t)n + 1023) << 52};
  return p * power.value;
}

/// ln x for x > 0 within 2^-34 of itself.
static inline double log64(double x) {
  union {
    double value;
    int64_t bits;
  } m = {x};
  // Cut where the mantissa is sqrt(1/2).
  const int64_t e = (m.bits - 0x3fe6a09e667f3bcd) >> 52;
  m.bits -= e << 52;
  const double s = (m.value - 1) / (m.value + 1), z = s * s;
  double p = 1.0 / 13;
  UNROLL for (int i = 11; i > 0; i -= 2) p = p * z + 1.0 / i;
  return 2 * s * p + (double)e * 0.69314718055994531;
}

/// a^b within a unit in the last place; NaN where a is below 0 and b is no whole number.
static inline float pow1(float a, float b) {
  if (b == 0 || a == 1) return 1;
  if (a != a || b != b) return a + b;
  const int whole = __builtin_truncf(b) == b, odd = whole && __builtin_truncf(b / 2) * 2 != b;
  const float sign = odd ? __builtin_copysignf(1, a) : 1, size = __builtin_fabsf(a);
  if (size == 0 || size == __builtin_inff()) return (size == 0) == (b > 0) ? sign * 0 : sign * __builtin_inff();
  if (a < 0 && !whole) return __builtin_nanf("");
  const double t = (double)b * log64(size);
  // Beyond these is what a float cannot hold.
  return sign * (float)exp64(t < -110 ? -110 : t > 90 ? 90 : t);
}

/// Four at a time, one by one.
static inline V pow4(V a, V b) {
  float x[4], y[4];
  store(x, a), store(y, b);
  for (int i = 0; i < 4; i++) x[i] = pow1(x[i], y[i]);
  return load(x);
}

/// a - b n, n the quotient cut towards 0, or where `below` towards -inf. Exact up to |a / b| = 2^29.
static inline V remainder4(V a, V b, int below) {
  V r[2];
  UNROLL for (int i = 0; i < 2; i++) {
    const V x = wasm_f64x2_promote_low_f32x4(i ? wasm_i64x2_shuffle(a, a, 1, 0) : a);
    const V y = wasm_f64x2_promote_low_f32x4(i ? wasm_i64x2_shuffle(b, b, 1, 0) : b);
    const V n = wasm_f64x2_div(x, y), whole = below ? wasm_f64x2_floor(n) : wasm_f64x2_trunc(n);
    r[i] = wasm_f32x4_demote_f64x2_zero(wasm_f64x2_sub(x, wasm_f64x2_mul(whole, y)));
  }
  return wasm_i64x2_shuffle(r[0], r[1], 0, 2);
}
