// What every kernel starts with: vectors of four floats, and multiply-add.
#include <stdint.h>
#include <wasm_simd128.h>

#define RELAXED 1

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
  return wasm_f32x4_relaxed_madd(a, b, c);
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

// How the KV cache holds the vector of a head: a KV is what it is an array of, kv_size() of them a vector.
//   kv_put(from, to, HD)            stores a vector
//   kv_read(from, count, HD, tile)  vectors as Elements, kv_width(HD) apart: where they are, or decoded into tile
// Elements of keys and values as attention reads them: an element is what element_load gives, times LARGE, times
// REST.
typedef float Element;
#define LARGE 1.0f
#define REST 1.0f
static inline V element_load(const Element *p) { return load(p); }

// Vectors of the cache element by element.
typedef Element KV;
static inline int kv_size(int HD) { return HD; }
static inline int kv_width(int HD) { return HD; }
#define kv_read(from, count, HD, tile) (from)

static inline void kv_store(KV *p, V v) { store(p, v); }
static inline void kv_store1(KV *p, float x) { *p = x; }

static inline void kv_put(const float *from, KV *to, int HD) {
  int d = 0;
  for (; d + 4 <= HD; d += 4) kv_store(to + d, load(from + d));
  for (; d < HD; d++) kv_store1(to + d, from[d]);
}

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

/// 1 - erf z for z >= 0, within 2^-21 (1 + z^2) of itself.
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

/// x (1 + erf(x / sqrt 2)) / 2, within 9 units in the last place above -1, 1e-7 below.
static inline V gelu4(V x) {
  // From 20 on there is nothing of the tail, not even of infinity's.
  V a = wasm_f32x4_pmin(wasm_f32x4_abs(x), set1(20.0f));
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

// Rows whose length is no multiple of four.

/// The first n of four numbers, n < 4, and `fill` behind them.
static inline V load_part(const float *p, int n, float fill) {
  float part[4] = {fill, fill, fill, fill};
  for (int i = 0; i < n; i++) part[i] = p[i];
  return load(part);
}

static inline void store_part(float *p, V v, int n) {
  float part[4];
  store(part, v);
  for (int i = 0; i < n; i++) p[i] = part[i];
}

/// The first n of four numbers, n <= 4.
static inline V get(const float *p, int n) { return n == 4 ? load(p) : load_part(p, n, 0); }
static inline void put(float *p, V v, int n) {
  if (n == 4) store(p, v);
  else store_part(p, v, n);
}

// Attention of a block of rows (queries), keys KEYS at a time with a running maximum of the scores: keys and values
// are read once for a block, and no row of scores is ever stored. Rows go in groups of 4, a lane each; one row left
// over goes by itself, 4 keys a vector. A row's result does not depend on which others are in its block.

// ROWS_FLOATS: queries of a block, and its sums. A turn's keys or values that are not read in place are copied to a
// tile of TILE floats.
enum { KEYS = 64, MAX_ROWS = 16, ROWS_FLOATS = 2048, TILE = 8192 };
#define HIDDEN (-__builtin_inff())

typedef struct {
  /// Floats of a query, and of a sum; whole vectors.
  int HD, VD;
  int rows;
  /// Keys that each row sees.
  int from[MAX_ROWS], to[MAX_ROWS];
  /// Of each group: the greatest score and the sum of the weights. One row's sum is that of the lanes.
  V top[MAX_ROWS / 4], total[MAX_ROWS / 4];
  /// A turn's scores of each group, then its weights.
  V s[MAX_ROWS / 4][KEYS];
  /// Of a group: 4 floats of each row in turn; one row as it is.
  float q[ROWS_FLOATS];
  float sum[ROWS_FLOATS], tile[TILE];
} Block;
// It lives on the stack, which has 64 KiB.
_Static_assert(sizeof(Block) <= 56 << 10, "a block leaves no stack to others");

/// Keys or values: a vector every `stride` elements.
typedef struct {
  const Element *at;
  int stride;
} Vectors;

static inline int whole(int n) { return (n + 3) & ~3; }

/// Groups of 4 rows that a block may have, for vectors of so many floats.
static inline int block_groups(int width) {
  const int groups = ROWS_FLOATS / 4 / width;
  return groups > MAX_ROWS / 4 ? MAX_ROWS / 4 : groups;
}

static inline V splat_max(V v) {
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  return wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2));
}

/// s[j]: scores of key j with 4 rows. Two keys a turn; the last of an odd number meets itself.
ALONE void scores4(const float *q, Vectors k, int count, int HD, V *s) {
  const Element *k0 = k.at;
  for (int j = 0; j < count; j += 2, k0 += 2 * k.stride) {
    const int next = j + 1 < count;
    const Element *x = k0, *y = k0 + (next ? k.stride : 0);
    const float *r = q;
    V a0 = set1(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    for (int d = HD; d > 0; d -= 4, x += 4, y += 4, r += 16) {
      const V x0 = element_load(x), x1 = element_load(y);
      const V r0 = load(r);
      a0 = madd(x0, r0, a0), b0 = madd(x1, r0, b0);
      const V r1 = load(r + 4);
      a1 = madd(x0, r1, a1), b1 = madd(x1, r1, b1);
      const V r2 = load(r + 8);
      a2 = madd(x0, r2, a2), b2 = madd(x1, r2, b2);
      const V r3 = load(r + 12);
      a3 = madd(x0, r3, a3), b3 = madd(x1, r3, b3);
    }
    s[j] = wasm_f32x4_mul(sum4x4(a0, a1, a2, a3), set1(REST));
    if (next) s[j + 1] = wasm_f32x4_mul(sum4x4(b0, b1, b2, b3), set1(REST));
  }
}

/// Scores of one row, 4 keys a vector; what is behind the last key is not yet hidden.
ALONE void scores1(const float *q, Vectors k, int count, int HD, V *s) {
  const Element *k0 = k.at;
  for (int j = 0; j < count; j += 4, k0 += 4 * k.stride) {
    const int left = count - j - 1, stride = k.stride;
    const Element *k1 = k0 + min_int(1, left) * stride, *k2 = k0 + min_int(2, left) * stride;
    const Element *k3 = k0 + min_int(3, left) * stride;
    V a = set1(0), b = a, c = a, e = a;
    for (int d = 0; d < HD; d += 4) {
      const V r = load(q + d);
      a = madd(r, element_load(k0 + d), a);
      b = madd(r, element_load(k1 + d), b);
      c = madd(r, element_load(k2 + d), c);
      e = madd(r, element_load(k3 + d), e);
    }
    s[j / 4] = wasm_f32x4_mul(sum4x4(a, b, c, e), set1(REST));
  }
}

/// Adds to the sums of 4 rows the values weighted by s; first scales what is there. Eight columns a turn; the last 4
/// of VD may be done twice.
ALONE void values4(float *sum, Vectors v, int count, int VD, const V *s, V scale) {
  const V r0 = wasm_i32x4_shuffle(scale, scale, 0, 0, 0, 0), r1 = wasm_i32x4_shuffle(scale, scale, 1, 1, 1, 1);
  const V r2 = wasm_i32x4_shuffle(scale, scale, 2, 2, 2, 2), r3 = wasm_i32x4_shuffle(scale, scale, 3, 3, 3, 3);
  float *sum1 = sum + VD, *sum2 = sum1 + VD, *sum3 = sum2 + VD;
  for (int d = 0; d < VD; d += 8) {
    const int e = d + 4 < VD ? d + 4 : d;
    V a0 = wasm_f32x4_mul(load(sum + d), r0), b0 = wasm_f32x4_mul(load(sum + e), r0);
    V a1 = wasm_f32x4_mul(load(sum1 + d), r1), b1 = wasm_f32x4_mul(load(sum1 + e), r1);
    V a2 = wasm_f32x4_mul(load(sum2 + d), r2), b2 = wasm_f32x4_mul(load(sum2 + e), r2);
    V a3 = wasm_f32x4_mul(load(sum3 + d), r3), b3 = wasm_f32x4_mul(load(sum3 + e), r3);
    const Element *x = v.at + d, *y = v.at + e;
    const float *weights = (const float *)s;
    for (int j = 0; j < count; j++, x += v.stride, y += v.stride, weights += 4) {
      const V x0 = element_load(x), x1 = element_load(y);
      V p = splat32(weights);
      a0 = madd(x0, p, a0), b0 = madd(x1, p, b0);
      p = splat32(weights + 1);
      a1 = madd(x0, p, a1), b1 = madd(x1, p, b1);
      p = splat32(weights + 2);
      a2 = madd(x0, p, a2), b2 = madd(x1, p, b2);
      p = splat32(weights + 3);
      a3 = madd(x0, p, a3), b3 = madd(x1, p, b3);
    }
    store(sum + d, a0), store(sum1 + d, a1), store(sum2 + d, a2), store(sum3 + d, a3);
    store(sum + e, b0), store(sum1 + e, b1), store(sum2 + e, b2), store(sum3 + e, b3);
  }
}

ALONE void values1(float *sum, Vectors v, int count, int VD, const V *s, V scale) {
  const float *weights = (const float *)s;
  int d = 0;
  for (; d + 16 <= VD; d += 16) {
    V a = wasm_f32x4_mul(load(sum + d), scale), b = wasm_f32x4_mul(load(sum + d + 4), scale);
    V c = wasm_f32x4_mul(load(sum + d + 8), scale), e = wasm_f32x4_mul(load(sum + d + 12), scale);
    const Element *value = v.at + d;
    for (int j = 0; j < count; j++, value += v.stride) {
      const V p = splat32(weights + j);
      a = madd(p, element_load(value), a);
      b = madd(p, element_load(value + 4), b);
      c = madd(p, element_load(value + 8), c);
      e = madd(p, element_load(value + 12), e);
    }
    store(sum + d, a), store(sum + d + 4, b), store(sum + d + 8, c), store(sum + d + 12, e);
  }
  for (; d < VD; d += 4) {
    V a = wasm_f32x4_mul(load(sum + d), scale);
    for (int j = 0; j < count; j++) a = madd(splat32(weights + j), element_load(v.at + j * v.stride + d), a);
    store(sum + d, a);
  }
}

/// Scores to weights, under the greatest score yet. Returns what earlier weights are to be scaled by.
static inline V soften(V *s, int vectors, int alone, V *top, V *total) {
  V most = *top;
  for (int j = 0; j < vectors; j++) most = wasm_f32x4_pmax(most, s[j]);
  if (alone) most = splat_max(most);
  const V scale = exp4(wasm_f32x4_sub(*top, most));
  V sum = set1(0);
  for (int j = 0; j < vectors; j++) {
    // exp4 is never 0.
    V p = wasm_v128_and(exp4(wasm_f32x4_sub(s[j], most)), wasm_f32x4_ne(s[j], set1(HIDDEN)));
    sum = wasm_f32x4_add(sum, p);
    s[j] = wasm_f32x4_mul(p, set1(LARGE));
  }
  *top = most;
  *total = madd(*total, scale, sum);
  return scale;
}

/// Begins a block: the caller has set HD, VD, rows, and for `filled` rows from, to and the query.
static inline void open_block(Block *b) {
  for (int g = 0; g * 4 < b->rows; g++) {
    // Below every score, and finite: a row may see its first key late.
    b->top[g] = set1(-3e38f);
    b->total[g] = set1(0);
  }
  for (int i = 0; i < whole(b->rows) * b->VD; i += 4) store(b->sum + i, set1(0));
}

static inline int stands_alone(const Block *b, int g) { return b->rows == 4 * g + 1; }

/// Rows with those that stand in for missing ones: the last one again, up to a whole group.
static inline int filled(const Block *b) { return b->rows % 4 == 1 ? b->rows : whole(b->rows); }

/// Vectors of a group's scores with so many keys.
static inline int vectors_of(const Block *b, int g, int count) { return stands_alone(b, g) ? (count + 3) / 4 : count; }

/// Query of row i, `n` floats scaled, and zeros up to a whole vector.
static inline void put_query(Block *b, int i, const float *q, int n, float scale) {
  const int alone = stands_alone(b, i / 4);
  float *to = b->q + i / 4 * 4 * b->HD + (i & 3) * 4;
  for (int d = 0; d < n; d += 4, to += alone ? 4 : 16)
    store(to, wasm_f32x4_mul(get(q + d, min_int(4, n - d)), set1(scale)));
}

/// The keys [*first, *last) that any row of a block sees.
static inline void block_range(const Block *b, int *first, int *last) {
  int low = 0x7fffffff, high = 0;
  for (int i = 0; i < b->rows; i++) {
    if (b->from[i] >= b->to[i]) continue;
    low = min_int(low, b->from[i]);
    if (b->to[i] > high) high = b->to[i];
  }
  *first = low;
  *last = high;
}

/// Keys a turn, where a key takes `width` floats of the tile, or 0.
static inline int turn_keys(int width) { return width * KEYS > TILE ? TILE / width & ~1 : KEYS; }

/// Keys from `at` on up to the next whole turn: turns begin at the same keys in every block.
static inline int turn_count(int turn, int at, int last) { return min_int(turn - at % turn, last - at); }

static inline void block_scores(Block *b, Vectors k, int count) {
  for (int g = 0; 4 * g < b->rows; g++) {
    if (stands_alone(b, g)) scores1(b->q + 4 * g * b->HD, k, count, b->HD, b->s[g]);
    else scores4(b->q + 4 * g * b->HD, k, count, b->HD, b->s[g]);
  }
}

/// SOFTCAP > 0 bounds the scores of group g.
static inline void cap_scores(Block *b, int g, int count, float SOFTCAP) {
  if (SOFTCAP > 0)
    for (int j = 0; j < vectors_of(b, g, count); j++)
      b->s[g][j] = wasm_f32x4_mul(tanh4(wasm_f32x4_div(b->s[g][j], set1(SOFTCAP))), set1(SOFTCAP));
}

/// Hides what rows of group g do not see from their scores with keys from `at` on.
static inline void bound_scores(Block *b, int g, int at, int count) {
  const int alone = stands_alone(b, g), vectors = vectors_of(b, g, count);
  V *s = b->s[g];
  // First key that a lane sees less that of its first vector, and how many it sees from there on.
  const V lane = wasm_i32x4_make(0, 1, 2, 3), first = wasm_i32x4_splat(at);
  V low = wasm_i32x4_sub(load(b->from + 4 * g), first), high = wasm_i32x4_sub(load(b->to + 4 * g), first);
  if (alone) {
    low = wasm_i32x4_sub(wasm_i32x4_shuffle(low, low, 0, 0, 0, 0), lane);
    high = wasm_i32x4_min(wasm_i32x4_shuffle(high, high, 0, 0, 0, 0), wasm_i32x4_splat(count));
    high = wasm_i32x4_sub(high, lane);
  }
  const V last = wasm_i32x4_splat(alone ? 4 * vectors - 4 : count - 1);
  if (!wasm_v128_any_true(wasm_v128_or(wasm_i32x4_gt(low, wasm_i32x4_splat(0)), wasm_i32x4_le(high, last)))) return;
  V key = wasm_i32x4_splat(0);
  for (int j = 0; j < vectors; j++, key = wasm_i32x4_add(key, wasm_i32x4_splat(alone ? 4 : 1)))
    s[j] = wasm_v128_bitselect(s[j], set1(HIDDEN), wasm_v128_and(wasm_i32x4_ge(key, low), wasm_i32x4_lt(key, high)));
}

static inline void block_values(Block *b, Vectors v, int count) {
  for (int g = 0; 4 * g < b->rows; g++) {
    const int alone = stands_alone(b, g);
    const V scale = soften(b->s[g], vectors_of(b, g, count), alone, b->top + g, b->total + g);
    if (alone) values1(b->sum + 4 * g * b->VD, v, count, b->VD, b->s[g], scale);
    else values4(b->sum + 4 * g * b->VD, v, count, b->VD, b->s[g], scale);
  }
}

/// Sum of a row's weights.
static inline float row_total(const Block *b, int i) {
  const int g = i / 4;
  return stands_alone(b, g) ? sum4(b->total[g]) : ((const float *)(b->total + g))[i & 3];
}

/// What a row's sum is to be scaled by: 0 where it sees no key.
static inline float row_scale(const Block *b, int i) {
  const float total = row_total(b, i);
  return total == 0 ? 0 : REST / total;
}

// A block's attention over vectors of the KV cache.

/// Keys and values of one head, from the first that any row of the block sees to the last.
static void attend(Block *b, const KV *k, const KV *v, float SOFTCAP) {
  const int HD = b->HD, size = kv_size(HD), width = kv_width(HD), turn = turn_keys(width);
  int first, last;
  block_range(b, &first, &last);
  open_block(b);
  for (int at = first, count; at < last; at += count) {
    count = turn_count(turn, at, last);
    const uint32_t skip = (uint32_t)at * (uint32_t)size;
    block_scores(b, (Vectors){kv_read(k + skip, count, HD, b->tile), width}, count);
    for (int g = 0; 4 * g < b->rows; g++) {
      cap_scores(b, g, count, SOFTCAP);
      bound_scores(b, g, at, count);
    }
    block_values(b, (Vectors){kv_read(v + skip, count, HD, b->tile), width}, count);
  }
}

/// First of the keys that a row sees which itself is key `at`.
static inline int first_seen(int at, int WINDOW) { return WINDOW > 0 && at + 1 > WINDOW ? at + 1 - WINDOW : 0; }


void attention(const float *q, const KV *k, const KV *v, float *y, const Step *step, int M, int H, int KVH, int HD,
               int C, float SCALE, int WINDOW, float SOFTCAP, int begin, int end) {
  Block b;
  b.HD = b.VD = HD;
  const int share = H / KVH, count = M * share, items = (count + 3) / 4, most = block_groups(HD);
  for (int item = begin, groups; item < end; item += groups) {
    const int head = item / items, first = item % items * 4;
    groups = min_int(min_int(most, end - item), items - item % items);
    b.rows = min_int(4 * groups, count - first);
    // Rows of the step, in each the query heads of this key-value head.
    uint32_t offsets[MAX_ROWS];
    for (int i = 0; i < filled(&b); i++) {
      const int r = first + min_int(i, b.rows - 1), m = r / share;
      b.to[i] = (int)step->past + m + 1;
      b.from[i] = first_seen(b.to[i] - 1, WINDOW);
      offsets[i] = (uint32_t)(m * H + head * share + r % share) * (uint32_t)HD;
      put_query(&b, i, q + offsets[i], HD, SCALE * LARGE);
    }
    const uint32_t at = (uint32_t)(head * C) * (uint32_t)kv_size(HD);
    attend(&b, k + at, v + at, SOFTCAP);
    for (int i = 0; i < b.rows; i++) {
      const V scale = set1(row_scale(&b, i));
      for (int d = 0; d < HD; d += 4) store(y + offsets[i] + d, wasm_f32x4_mul(load(b.sum + i * HD + d), scale));
    }
  }
}
