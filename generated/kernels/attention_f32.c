// What every kernel starts with: vectors of four floats, and multiply-add.
#include <stdint.h>
#include <wasm_simd128.h>

#define RELAXED 0

typedef v128_t V;

#define UNROLL _Pragma("clang loop unroll(full)")
/// For a hot loop: in a function of its own an engine finds registers for it.
#define ALONE static __attribute__((noinline))
#define INLINE static inline __attribute__((always_inline))

static inline V load(const void *p) { return wasm_v128_load(p); }
static inline void store(void *p, V v) { wasm_v128_store(p, v); }
/// All lanes: the 32 bits at `p`.
static inline V splat32(const void *p) { return wasm_v128_load32_splat(p); }
static inline V set1(float x) { return wasm_f32x4_splat(x); }

/// a * b + c. Fused where relaxed SIMD is and the engine chooses so, else rounded twice.
static inline V madd(V a, V b, V c) {
  return wasm_f32x4_add(wasm_f32x4_mul(a, b), c);
}

static inline float sum4(V v) {
  v = wasm_f32x4_add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1);
}

/// Lane i: the sum of the lanes of the i-th vector.
static inline V sum4x4(V a, V b, V c, V d) {
  V ab = wasm_f32x4_add(wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), wasm_i32x4_shuffle(a, b, 2, 6, 3, 7));
  V cd = wasm_f32x4_add(wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), wasm_i32x4_shuffle(c, d, 2, 6, 3, 7));
  return wasm_f32x4_add(wasm_i32x4_shuffle(ab, cd, 0, 1, 4, 5), wasm_i32x4_shuffle(ab, cd, 2, 3, 6, 7));
}

static inline int min_int(int a, int b) { return a < b ? a : b; }

/// Part `i` of a weight, of parts of so many bytes; a weight may have more than 2 GiB.
static inline const char *panel_at(const char *w, int i, int bytes) { return w + (uint32_t)i * (uint32_t)bytes; }

/// What a kernel may read of the step at hand (runtime/format.ts has the table).
typedef struct {
  uint32_t seq, past, seed, top_k;
  float top_p, temperature;
  uint32_t sample;
  float penalty;
} Step;

// Half precision. Magnitude bits of a half, shifted to where a float32 has its exponent and mantissa, are a
// float32 that is 2^112 too small; that is exact for every finite half.
static inline V half_bits(V extended) {
  return wasm_v128_and(wasm_i32x4_shl(extended, 13), wasm_i32x4_splat((int32_t)0x8fffe000));
}

/// Four halves as floats times 2^-112.
static inline V load_half_small(const void *p) { return half_bits(wasm_i32x4_load16x4(p)); }

/// Eight halves as floats times 2^-112: fewer instructions than twice four.
static inline void load_halves_small(const void *p, V *first, V *second) {
  V h = load(p);
  V upper = wasm_v128_and(wasm_i16x8_shr(h, 3), wasm_i16x8_splat((int16_t)0x8fff)), lower = wasm_i16x8_shl(h, 13);
  *first = wasm_i16x8_shuffle(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11);
  *second = wasm_i16x8_shuffle(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15);
}

/// One half as a float times 2^-112.
static inline float half_small(uint16_t h) {
  return wasm_f32x4_extract_lane(half_bits(wasm_i32x4_splat((int16_t)h)), 0);
}

/// The multiplier at the head of a panel: times what a half of it is as above, it is the half's value.
enum { HEADER = 16 };
static inline float multiplier(const char *panel) { return *(const float *)panel; }

/// Bits of the nearest halves, ties to even, in the low 16 bits of each lane.
static inline V to_half(V x) {
  V sign = wasm_v128_and(wasm_u32x4_shr(x, 16), wasm_i32x4_splat(0x8000));
  V a = wasm_f32x4_abs(x);
  V odd = wasm_v128_and(wasm_u32x4_shr(a, 13), wasm_i32x4_splat(1));
  V normal = wasm_u32x4_shr(wasm_i32x4_add(wasm_i32x4_add(a, odd), wasm_i32x4_splat(0xfff - 0x38000000)), 13);
  // A step of 0.5f is 2^-24, the step of subnormal halves: the addition rounds, and leaves their count.
  V tiny = wasm_i32x4_sub(wasm_f32x4_add(a, set1(0.5f)), set1(0.5f));
  V over = wasm_v128_bitselect(wasm_i32x4_splat(0x7c00), wasm_i32x4_splat(0x7e00), wasm_f32x4_eq(x, x));
  V h = wasm_v128_bitselect(tiny, normal, wasm_i32x4_lt(a, wasm_i32x4_splat(0x38800000)));
  h = wasm_v128_bitselect(over, h, wasm_i32x4_ge(a, wasm_i32x4_splat(0x477ff000)));
  return wasm_v128_or(h, sign);
}

// Elements of the KV cache. What kv_load gives, times KV_LARGE, times KV_REST, is the element: for f16 this saves a
// multiplication for every four of them. KV_LARGE goes to the other factor of a product, KV_REST to the sum, so that
// neither leaves the range of a float.
typedef float KV;
#define KV_LARGE 1.0f
#define KV_REST 1.0f
static inline V kv_load(const KV *p) { return load(p); }
static inline void kv_store(KV *p, V v) { store(p, v); }
static inline void kv_store1(KV *p, float x) { *p = x; }

/// e^r - 1 where x = n ln 2 + r, |r| <= ln 2 / 2, for -87.34 <= x <= 88.8, and 2^n in *power.
static inline V exp4_parts(V x, V *power) {
  // ln 2 in two parts, so that n times the first is exact.
  V n = wasm_f32x4_nearest(wasm_f32x4_mul(x, set1(1.44269504f)));
  V r = madd(n, set1(-0.693359375f), x);
  r = madd(n, set1(2.12194440e-4f), r);
  // Minimax polynomial of (e^r - 1 - r) / r^2.
  V p = madd(set1(1.9875691500e-4f), r, set1(1.3981999507e-3f));
  p = madd(p, r, set1(8.3334519073e-3f));
  p = madd(p, r, set1(4.1665795894e-2f));
  p = madd(p, r, set1(1.6666665459e-1f));
  p = madd(p, r, set1(5.0000001201e-1f));
  *power = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
  return madd(p, wasm_f32x4_mul(r, r), r);
}

/// e^x within 2 units in the last place for -87.33 <= x <= 88.37; inf above, 2^-126 below (never 0, never
/// subnormal: far below what a sum with 1 can see).
static inline V exp4(V x) {
  V power, rest = exp4_parts(wasm_f32x4_pmin(wasm_f32x4_pmax(x, set1(-87.33654f)), set1(88.8f)), &power);
  return wasm_f32x4_mul(wasm_f32x4_add(rest, set1(1.0f)), power);
}

/// e^x - 1 within 3 units in the last place for x <= 88.37, near 0 too; inf above.
static inline V expm1_4(V x) {
  V power, rest = exp4_parts(wasm_f32x4_pmin(wasm_f32x4_pmax(x, set1(-87.33654f)), set1(88.8f)), &power);
  return wasm_f32x4_add(wasm_f32x4_mul(rest, power), wasm_f32x4_sub(power, set1(1.0f)));
}

/// x / (1 + e^-u), within 4 units in the last place where u is exact.
static inline V swish4(V x, V u) {
  return wasm_f32x4_div(x, wasm_f32x4_add(set1(1.0f), exp4(wasm_f32x4_neg(u))));
}

static inline V silu4(V x) { return swish4(x, x); }

/// Within 4 units in the last place above -87; 0 or 2^-128 below.
static inline V sigmoid4(V x) { return swish4(set1(1.0f), x); }

static inline V quick_gelu4(V x) { return swish4(x, wasm_f32x4_mul(x, set1(1.702f))); }

/// x / 2 (1 + tanh u) is x sigmoid(2 u). Within 1e-6 of the largest of 1 and |x|.
static inline V gelu_tanh4(V x) {
  V u = wasm_f32x4_mul(x, madd(wasm_f32x4_mul(x, x), set1(0.0713548163f), set1(1.59576912f)));
  return swish4(x, u);
}

/// The sign of `sign` on the positive v.
static inline V signed4(V v, V sign) { return wasm_v128_or(v, wasm_v128_and(sign, set1(-0.0f))); }

/// Within 3 units in the last place.
static inline V tanh4(V x) {
  V a = wasm_f32x4_abs(x), z = wasm_f32x4_mul(x, x);
  // Minimax polynomial of (tanh x - x) / x^3 for x^2 <= 0.39.
  V p = madd(set1(-5.70497848e-3f), z, set1(2.06390787e-2f));
  p = madd(p, z, set1(-5.37397116e-2f));
  p = madd(p, z, set1(1.33314416e-1f));
  p = madd(p, z, set1(-3.33332807e-1f));
  p = madd(wasm_f32x4_mul(p, z), x, x);
  V far = wasm_f32x4_div(set1(2.0f), wasm_f32x4_add(exp4(wasm_f32x4_add(a, a)), set1(1.0f)));
  far = signed4(wasm_f32x4_sub(set1(1.0f), far), x);
  return wasm_v128_bitselect(p, far, wasm_f32x4_lt(a, set1(0.625f)));
}

/// 1 - erf z for z >= 0, within 2^-22 (1 + z^2) of itself.
static inline V erfc4_positive(V z) {
  V t = wasm_f32x4_div(set1(1.0f), madd(z, set1(0.3f), set1(1.0f)));
  // Minimax polynomial of e^(z^2) erfc(z) / t for z <= 10.
  V p = madd(set1(-1.29522771e-1f), t, set1(4.85562563e-1f));
  p = madd(p, t, set1(-5.12276769e-1f));
  p = madd(p, t, set1(5.47718585e-1f));
  p = madd(p, t, set1(-9.46497396e-2f));
  p = madd(p, t, set1(2.14925647e-1f));
  p = madd(p, t, set1(1.48339272e-1f));
  p = madd(p, t, set1(1.70715213e-1f));
  p = madd(p, t, set1(1.69188008e-1f));
  return wasm_f32x4_mul(wasm_f32x4_mul(p, t), exp4(wasm_f32x4_neg(wasm_f32x4_mul(z, z))));
}

/// Within 3 units in the last place.
static inline V erf4(V x) {
  V a = wasm_f32x4_abs(x), z = wasm_f32x4_mul(x, x);
  // Minimax polynomial of erf(x) / x for |x| <= 1.
  V p = madd(set1(-5.63141948e-4f), z, set1(4.91755083e-3f));
  p = madd(p, z, set1(-2.67113112e-2f));
  p = madd(p, z, set1(1.12801798e-1f));
  p = madd(p, z, set1(-3.7612325e-1f));
  p = madd(p, z, set1(1.12837911f));
  V far = signed4(wasm_f32x4_sub(set1(1.0f), erfc4_positive(a)), x);
  return wasm_v128_bitselect(wasm_f32x4_mul(p, x), far, wasm_f32x4_lt(a, set1(1.0f)));
}

/// x (1 + erf(x / sqrt 2)) / 2, within 4 units in the last place above -1, 1e-7 below.
static inline V gelu4(V x) {
  V a = wasm_f32x4_abs(x);
  V tail = wasm_f32x4_mul(wasm_f32x4_mul(a, set1(0.5f)), erfc4_positive(wasm_f32x4_mul(a, set1(0.707106781f))));
  return wasm_f32x4_sub(wasm_f32x4_max(x, set1(0.0f)), tail);
}

/// ln((1 + f) 2^e) for sqrt(1/2) <= 1 + f < sqrt(2), within 2 units in the last place; e: integers.
static inline V log4_parts(V f, V e) {
  V ef = wasm_f32x4_convert_i32x4(e), z = wasm_f32x4_mul(f, f);
  // Minimax polynomial of (ln(1 + f) - f + f^2 / 2) / f^3.
  V p = madd(set1(7.0376836292e-2f), f, set1(-1.1514610310e-1f));
  p = madd(p, f, set1(1.1676998740e-1f));
  p = madd(p, f, set1(-1.2420140846e-1f));
  p = madd(p, f, set1(1.4249322787e-1f));
  p = madd(p, f, set1(-1.6668057665e-1f));
  p = madd(p, f, set1(2.0000714765e-1f));
  p = madd(p, f, set1(-2.4999993993e-1f));
  p = madd(p, f, set1(3.3333331174e-1f));
  p = wasm_f32x4_mul(wasm_f32x4_mul(p, f), z);
  p = madd(ef, set1(-2.12194440e-4f), p);
  p = madd(z, set1(-0.5f), p);
  return madd(ef, set1(0.693359375f), wasm_f32x4_add(f, p));
}

/// e of ln((1 + f) 2^e) for positive normal x: cut where the mantissa is sqrt(1/2), not where it is 1.
static inline V log4_exponent(V x) { return wasm_i32x4_shr(wasm_i32x4_sub(x, wasm_i32x4_splat(0x3f3504f3)), 23); }

/// ln x for positive normal x.
static inline V log4(V x) {
  V e = log4_exponent(x);
  return log4_parts(wasm_f32x4_sub(wasm_i32x4_sub(x, wasm_i32x4_shl(e, 23)), set1(1.0f)), e);
}

/// ln x for every x: -inf for 0, NaN for what is negative, inf for inf, within 2 units in the last place else.
static inline V log4_any(V x) {
  V small = wasm_f32x4_lt(x, set1(0x1p-126f));
  V f = wasm_v128_bitselect(wasm_f32x4_mul(x, set1(0x1p24f)), x, small);
  V e = log4_exponent(f);
  f = wasm_f32x4_sub(wasm_i32x4_sub(f, wasm_i32x4_shl(e, 23)), set1(1.0f));
  V y = log4_parts(f, wasm_i32x4_sub(e, wasm_v128_and(small, wasm_i32x4_splat(24))));
  // What is not below inf takes the place of its logarithm: inf, NaN, and the roots of what is below 0.
  V root = wasm_f32x4_sqrt(x);
  y = wasm_v128_bitselect(y, root, wasm_f32x4_lt(root, set1(__builtin_inff())));
  return wasm_v128_bitselect(set1(-__builtin_inff()), y, wasm_f32x4_eq(x, set1(0.0f)));
}

/// ln(1 + e^x) within 4 units in the last place: a large x plus ln(1 + z), z <= 1.
static inline V softplus4(V x) {
  V z = exp4(wasm_f32x4_neg(wasm_f32x4_abs(x)));
  V large = wasm_f32x4_gt(z, set1(0.41421356f));
  // 1 + z is 1 + f, or above sqrt(2) twice that: both exact.
  V f = wasm_v128_bitselect(wasm_f32x4_mul(wasm_f32x4_sub(z, set1(1.0f)), set1(0.5f)), z, large);
  return wasm_f32x4_add(wasm_f32x4_max(x, set1(0.0f)), log4_parts(f, wasm_v128_and(large, wasm_i32x4_splat(1))));
}


enum { KEYS = 64, MAX_HD = 256 };

/// A query and what its output is made of.
typedef struct {
  float q[MAX_HD], sum[MAX_HD];
  float *y;
  /// Keys it sees.
  int keys;
} Row;

static void open_row(Row *row, const float *q, float *y, int keys, int HD, float SCALE) {
  for (int d = 0; d < HD; d += 4) {
    store(row->q + d, wasm_f32x4_mul(load(q + d), set1(SCALE * KV_LARGE)));
    store(row->sum + d, set1(0));
  }
  row->y = y;
  row->keys = keys;
}

static void close_row(const Row *row, float total, int HD) {
  const V scale = set1(KV_REST / total);
  for (int d = 0; d < HD; d += 4) store(row->y + d, wasm_f32x4_mul(load(row->sum + d), scale));
}

/// s[j]: scores of key j with 4 rows, a lane each; -inf where a row does not see it. Two keys a turn; the last of an
/// odd number meets itself.
ALONE void scores4(const Row *rows, const KV *k, int from, int count, int HD, V *s) {
  const V limit = wasm_i32x4_make(rows[0].keys, rows[1].keys, rows[2].keys, rows[3].keys);
  for (int j = 0; j < count; j += 2, k += 2 * HD) {
    const int next = j + 1 < count;
    const KV *k1 = k + next * HD;
    V a[4], b[4];
    UNROLL for (int i = 0; i < 4; i++) a[i] = b[i] = set1(0);
    for (int d = 0; d < HD; d += 4) {
      V x0 = kv_load(k + d), x1 = kv_load(k1 + d);
      UNROLL for (int i = 0; i < 4; i++) {
        V q = load(rows[i].q + d);
        a[i] = madd(x0, q, a[i]);
        b[i] = madd(x1, q, b[i]);
      }
    }
    V s0 = wasm_f32x4_mul(sum4x4(a[0], a[1], a[2], a[3]), set1(KV_REST));
    V s1 = wasm_f32x4_mul(sum4x4(b[0], b[1], b[2], b[3]), set1(KV_REST));
    const V hidden = set1(-__builtin_inff()), at = wasm_i32x4_splat(from + j);
    s[j] = wasm_v128_bitselect(s0, hidden, wasm_i32x4_lt(at, limit));
    if (next) s[j + 1] = wasm_v128_bitselect(s1, hidden, wasm_i32x4_lt(wasm_i32x4_add(at, wasm_i32x4_splat(1)), limit));
  }
}

/// Adds to the sums of 4 rows the values weighted by s; first scales what is there. Eight columns a turn; the last 4
/// of HD may be done twice.
ALONE void values4(Row *rows, const KV *v, int count, int HD, const V *s, V scale) {
  float scales[4];
  store(scales, scale);
  for (int d = 0; d < HD; d += 8) {
    const int d1 = d + 4 < HD ? d + 4 : d;
    V a[4], b[4];
    UNROLL for (int i = 0; i < 4; i++) {
      a[i] = wasm_f32x4_mul(load(rows[i].sum + d), set1(scales[i]));
      b[i] = wasm_f32x4_mul(load(rows[i].sum + d1), set1(scales[i]));
    }
    const KV *value = v;
    const float *weights = (const float *)s;
    for (int j = 0; j < count; j++, value += HD, weights += 4) {
      V x0 = kv_load(value + d), x1 = kv_load(value + d1);
      UNROLL for (int i = 0; i < 4; i++) {
        V p = splat32(weights + i);
        a[i] = madd(x0, p, a[i]);
        b[i] = madd(x1, p, b[i]);
      }
    }
    UNROLL for (int i = 0; i < 4; i++) {
      store(rows[i].sum + d, a[i]);
      store(rows[i].sum + d1, b[i]);
    }
  }
}

static void attend4(Row *rows, const KV *k, const KV *v, int keys, int HD) {
  V s[KEYS], top = set1(-__builtin_inff()), total = set1(0);
  for (int from = 0; from < keys; from += KEYS) {
    const int count = min_int(KEYS, keys - from);
    scores4(rows, k + from * HD, from, count, HD, s);
    // Every row sees key 0, so its maximum is finite from the first turn on.
    V before = top;
    for (int j = 0; j < count; j++) top = wasm_f32x4_pmax(top, s[j]);
    V scale = exp4(wasm_f32x4_sub(before, top)), sum = set1(0);
    for (int j = 0; j < count; j++) {
      V p = exp4(wasm_f32x4_sub(s[j], top));
      sum = wasm_f32x4_add(sum, p);
      s[j] = wasm_f32x4_mul(p, set1(KV_LARGE));
    }
    total = madd(total, scale, sum);
    values4(rows, v + from * HD, count, HD, s, scale);
  }
  close_row(rows, wasm_f32x4_extract_lane(total, 0), HD);
  close_row(rows + 1, wasm_f32x4_extract_lane(total, 1), HD);
  close_row(rows + 2, wasm_f32x4_extract_lane(total, 2), HD);
  close_row(rows + 3, wasm_f32x4_extract_lane(total, 3), HD);
}

/// s: scores of one row with `count` keys, 4 keys a vector.
ALONE void scores1(const Row *row, const KV *k, int count, int HD, V *s) {
  float *out = (float *)s;
  int j = 0;
  for (; j + 4 <= count; j += 4, k += 4 * HD) {
    V a = set1(0), b = a, c = a, e = a;
    for (int d = 0; d < HD; d += 4) {
      V q = load(row->q + d);
      a = madd(q, kv_load(k + d), a);
      b = madd(q, kv_load(k + HD + d), b);
      c = madd(q, kv_load(k + 2 * HD + d), c);
      e = madd(q, kv_load(k + 3 * HD + d), e);
    }
    store(out + j, wasm_f32x4_mul(sum4x4(a, b, c, e), set1(KV_REST)));
  }
  for (; j < count; j++, k += HD) {
    V a = set1(0);
    for (int d = 0; d < HD; d += 4) a = madd(load(row->q + d), kv_load(k + d), a);
    out[j] = sum4(a) * KV_REST;
  }
  // Fill the last vector with what weighs nothing.
  for (; j % 4; j++) out[j] = -__builtin_inff();
}

ALONE void values1(Row *row, const KV *v, int count, int HD, const V *s, float scale) {
  const float *weights = (const float *)s;
  int d = 0;
  for (; d + 16 <= HD; d += 16) {
    float *sum = row->sum + d;
    V a = wasm_f32x4_mul(load(sum), set1(scale)), b = wasm_f32x4_mul(load(sum + 4), set1(scale));
    V c = wasm_f32x4_mul(load(sum + 8), set1(scale)), e = wasm_f32x4_mul(load(sum + 12), set1(scale));
    const KV *value = v + d;
    for (int j = 0; j < count; j++, value += HD) {
      V p = splat32(weights + j);
      a = madd(p, kv_load(value), a);
      b = madd(p, kv_load(value + 4), b);
      c = madd(p, kv_load(value + 8), c);
      e = madd(p, kv_load(value + 12), e);
    }
    store(sum, a), store(sum + 4, b), store(sum + 8, c), store(sum + 12, e);
  }
  for (; d < HD; d += 4) {
    V a = wasm_f32x4_mul(load(row->sum + d), set1(scale));
    for (int j = 0; j < count; j++) a = madd(splat32(weights + j), kv_load(v + j * HD + d), a);
    store(row->sum + d, a);
  }
}

static void attend1(Row *row, const KV *k, const KV *v, int HD) {
  V s[KEYS / 4];
  float top = -__builtin_inff(), total = 0;
  for (int from = 0; from < row->keys; from += KEYS) {
    const int count = min_int(KEYS, row->keys - from), vectors = (count + 3) / 4;
    scores1(row, k + from * HD, count, HD, s);
    V most = set1(top);
    for (int j = 0; j < vectors; j++) most = wasm_f32x4_pmax(most, s[j]);
    most = wasm_f32x4_pmax(most, wasm_i32x4_shuffle(most, most, 2, 3, 0, 1));
    most = wasm_f32x4_pmax(most, wasm_i32x4_shuffle(most, most, 1, 0, 3, 2));
    V sum = set1(0);
    for (int j = 0; j < vectors; j++) {
      V p = exp4(wasm_f32x4_sub(s[j], most));
      sum = wasm_f32x4_add(sum, p);
      s[j] = wasm_f32x4_mul(p, set1(KV_LARGE));
    }
    const float scale = wasm_f32x4_extract_lane(exp4(wasm_f32x4_sub(set1(top), most)), 0);
    total = total * scale + sum4(sum);
    top = wasm_f32x4_extract_lane(most, 0);
    values1(row, v + from * HD, count, HD, s, scale);
  }
  close_row(row, total, HD);
}

void attention(const float *q, const KV *k, const KV *v, float *y, const Step *step, int M, int H, int KVH, int HD,
               int C, float SCALE, int begin, int end) {
  Row rows[4];
  const int share = H / KVH, count = M * share, items = (count + 3) / 4;
  for (int item = begin; item < end; item++) {
    const int head = item / items, first = item % items * 4;
    const uint32_t at = (uint32_t)(head * C) * (uint32_t)HD;
    for (int i = 0; i < 4; i++) {
      // Rows of the step, in each the query heads of this key-value head. A last one may stand in for missing ones.
      const int r = min_int(first + i, count - 1), m = r / share;
      const uint32_t offset = (uint32_t)(m * H + head * share + r % share) * (uint32_t)HD;
      open_row(rows + i, q + offset, y + offset, (int)step->past + m + 1, HD, SCALE);
    }
    if (first + 1 == count) attend1(rows, k + at, v + at, HD);
    else attend4(rows, k + at, v + at, rows[3].keys, HD);
  }
}
