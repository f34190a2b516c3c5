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

/// 32 values of an activation, as a quantised matrix product reads them (compiler/ops/quantize_rows.ts has the
/// table). A row has whole groups of 128 columns, so that it fits every group size of weights.
typedef struct {
  /// 16-bit integers; of each 8 columns in the order 0 2, 4 6, 1 3, 5 7: a pair meets its weights in a 32-bit lane.
  int16_t wide[32];
  /// 8-bit integers; only with RELAXED.
  int8_t narrow[32];
  /// value = wide * wide_scale / X_UNIT = narrow * narrow_scale / X_UNIT; bias: -8 times the sum of wide * wide_scale
  /// or narrow * narrow_scale, for weights that are stored as what they are plus 8.
  float wide_scale, wide_bias, narrow_scale, narrow_bias;
} Block;

/// Weights' scales come as floats times 2^-112 (half_bits): this much goes to x, so that products stay in range.
#define X_UNIT 0x1p64f

static inline int row_blocks(int K) { return (K + 127) / 128 * 4; }

/// Sums of 8 columns of x with those of 4 rows of weights, as 16-bit integers in the same order.
static inline V dots_wide(const int16_t *x, V w0, V w1, V w2, V w3) {
  V a = wasm_i32x4_add(wasm_i32x4_dot_i16x8(splat32(x), w0), wasm_i32x4_dot_i16x8(splat32(x + 2), w1));
  V b = wasm_i32x4_add(wasm_i32x4_dot_i16x8(splat32(x + 4), w2), wasm_i32x4_dot_i16x8(splat32(x + 6), w3));
  return wasm_i32x4_add(a, b);
}

// q4.
enum { OFFSET = 8, MINIMUM = 0 };
// Two weights in a byte.
enum { WORDS = 4 };

/// Column j of a block, from the byte of the row's first word that is of such columns.
static inline int stored(const uint8_t *byte, int j) { return byte[j / 8 * 64] >> (j & 4) & 15; }

#define NARROW(wide, narrow) narrow
// What the formats with scales have in common in weight layout `panels` (compiler/formats/layouts-cpu.ts): a header,
// then 16 rows side by side: for each group of columns its blocks of 32, then a half a row as scale, and with
// MINIMUM another as minimum. A row has WORDS words of a block, 4 bytes each, 64 bytes apart. OFFSET (added to what
// is stored) and `stored` are the format's.
enum { PANEL = 16, BLOCK = 32, SCALE_BYTES = 2 * PANEL, TAIL_BYTES = SCALE_BYTES * (1 + MINIMUM) };

/// Bytes from a vector of 4 rows to the same rows' next words, and to the next 4 rows.
enum { VECTOR_STEP = 4 * PANEL, QUAD_STEP = 16, BLOCK_BYTES = WORDS * VECTOR_STEP };

/// Columns of a group; G = 0: of a whole row.
static inline int group_of(int K, int G) { return G ? G : (K + BLOCK - 1) / BLOCK * BLOCK; }

static inline int group_bytes(int G) { return G / BLOCK * BLOCK_BYTES + TAIL_BYTES; }

static inline int panel_bytes(int K, int G) {
  G = group_of(K, G);
  return HEADER + (K + G - 1) / G * group_bytes(G);
}

/// One row of a panel.
static void gather(const char *panel, int row, float *y, int D, int G) {
  G = group_of(D, G);
  for (int i = 0; i < D; i += BLOCK) {
    const char *group = panel + HEADER + i / G * group_bytes(G);
    const uint8_t *words = (const uint8_t *)(group + i % G / BLOCK * BLOCK_BYTES + row * 4);
    const uint16_t *halves = (const uint16_t *)(group + group_bytes(G) - TAIL_BYTES) + row;
    const float scale = half_small(halves[0]) * multiplier(panel);
    const float min = MINIMUM ? half_small(halves[PANEL]) * multiplier(panel) : 0;
    for (int j = 0; j < min_int(BLOCK, D - i); j++) y[i + j] = (float)(stored(words + j % 4, j) - OFFSET) * scale + min;
  }
}

#define X_SCALE NARROW(wide_scale, narrow_scale)
#define X_BIAS NARROW(wide_bias, narrow_bias)

/// What takes OFFSET away again. The bias was made for 8.
static inline V block_bias(const Block *x) {
  const V bias = splat32(&x->X_BIAS);
  return OFFSET == 8 ? bias : wasm_f32x4_mul(bias, set1(OFFSET / 8.0f));
}

/// The sum of a block's columns of x.
static inline V block_total(const Block *x) { return wasm_f32x4_mul(splat32(&x->X_BIAS), set1(-0.125f)); }


enum { QUADS_AT_ONCE = 4 };

/// Sums over a block of the stored weights of QUADS x 4 rows with each of ROWS x, as integers.
INLINE void block_sums(const int ROWS, const int QUADS, const char *w, const Block *const *x, V *sums) {
  const V mask = wasm_i8x16_splat(15);
  UNROLL for (int v = 0; v < 4; v++) {
    UNROLL for (int q = 0; q < QUADS; q++) {
      V packed = load(w + q * QUAD_STEP + v * VECTOR_STEP);
      V low = wasm_v128_and(packed, mask), high = wasm_v128_and(wasm_u16x8_shr(packed, 4), mask);
      UNROLL for (int m = 0; m < ROWS; m++) {
        V a = wasm_i16x8_relaxed_dot_i8x16_i7x16(splat32(x[m]->narrow + v * 8), low);
        V b = wasm_i16x8_relaxed_dot_i8x16_i7x16(splat32(x[m]->narrow + v * 8 + 4), high);
        // 8 of these, of at most 2 * 127 * 15 each, stay within 16 bits.
        V s = wasm_i16x8_add(a, b);
        sums[m * QUADS + q] = v ? wasm_i16x8_add(sums[m * QUADS + q], s) : s;
      }
    }
  }
  UNROLL for (int i = 0; i < ROWS * QUADS; i++) sums[i] = wasm_i32x4_dot_i16x8(sums[i], wasm_i16x8_splat(1));
}


// What is done to the sums of a matrix product before they are stored.
// The activation that ACT names, of four numbers.
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


static inline V act4(V x) {
  return x;
}


/// Stores outputs n .. n + 7 of a row, those below N. glu: sums alternate gate and up, four outputs from n / 2 on.
/// b is null where there is no bias. Not inlined: an activation is longer than the call.
ALONE void finish8(V s0, V s1, const float *r, const float *b, float *y, int n, int N) {
  float part[8];
  const int count = min_int(8, N - n);
  if (b) {
    const float *bias = b + n;
    if (count < 8) {
      for (int i = 0; i < count; i++) part[i] = bias[i];
      bias = part;
    }
    s0 = wasm_f32x4_add(s0, load(bias));
    s1 = wasm_f32x4_add(s1, load(bias + 4));
  }
  float *to = count < 8 ? part : y + n;
  (void)r;
  store(to, s0);
  store(to + 4, s1);
  if (count < 8)
    for (int i = 0; i < count; i++) y[n + i] = part[i];
}

/// Row m of r, which is null where there is none.
static inline const float *row_of(const float *r, int m, int LDY) { return r ? r + (uint32_t)m * (uint32_t)LDY : r; }


/// Vectors of sums a call of `products` keeps: ROWS x QUADS of it.
enum { SUMS = 8 };

/// y[m][4 q + i]: products of ROWS rows of x with QUADS x 4 rows of a panel, from its quad `quad` on.
INLINE void products(const int ROWS, const int QUADS, const char *panel, int quad, const Block *x, int blocks, int K,
                     int G, float *y, int ldy) {
  V acc[SUMS], sums[SUMS];
  const Block *xs[SUMS];
  UNROLL for (int m = 0; m < ROWS; m++) xs[m] = x + m * blocks;
  UNROLL for (int i = 0; i < ROWS * QUADS; i++) acc[i] = set1(0);
  // A group's scale is applied to each of its blocks: cheaper than sums of its own for a group. One loop, without
  // branches, because engines spill what lives across an inner one.
  const int group = G / BLOCK, count = (K + G - 1) / G * group, mask = K > G ? group - 1 : -1;
  const char *w = panel + HEADER + quad * QUAD_STEP;
  for (int b = 0; b < count; b++) {
    const int left = group - (b & mask);
    const char *scales = w + left * BLOCK_BYTES - quad * (QUAD_STEP - 8);
    block_sums(ROWS, QUADS, w, xs, sums);
    UNROLL for (int q = 0; q < QUADS; q++) {
      const V scale = load_half_small(scales + q * 8);
      UNROLL for (int m = 0; m < ROWS; m++) {
        const int i = m * QUADS + q;
        const V stored = wasm_f32x4_convert_i32x4(sums[i]), x_scale = splat32(&xs[m]->X_SCALE);
        if (MINIMUM) {
          acc[i] = madd(wasm_f32x4_mul(stored, x_scale), scale, acc[i]);
          acc[i] = madd(block_total(xs[m]), load_half_small(scales + SCALE_BYTES + q * 8), acc[i]);
        } else acc[i] = madd(madd(stored, x_scale, block_bias(xs[m])), scale, acc[i]);
      }
    }
    UNROLL for (int m = 0; m < ROWS; m++) xs[m]++;
    w += BLOCK_BYTES + (left == 1) * TAIL_BYTES;
  }
  const V rest = set1(multiplier(panel) * (1 / X_UNIT));
  UNROLL for (int m = 0; m < ROWS; m++)
    UNROLL for (int q = 0; q < QUADS; q++) store(y + m * ldy + q * 4, wasm_f32x4_mul(acc[m * QUADS + q], rest));
}

// The two shapes in use, each a function of its own: alone, an engine finds registers for its loop.
ALONE void one_row(const char *panel, const Block *x, int K, int G, float *y) {
  for (int quad = 0; quad < PANEL / 4; quad += QUADS_AT_ONCE)
    products(1, QUADS_AT_ONCE, panel, quad, x, 0, K, G, y + quad * 4, PANEL);
}

ALONE void four_rows(const char *panel, const Block *x, int blocks, int K, int G, float *y) {
  for (int quad = 0; quad < PANEL / 4; quad += 2) products(4, 2, panel, quad, x, blocks, K, G, y + quad * 4, PANEL);
}

static inline void finish(const float *sums, const float *r, const float *b, float *y, int m, int n, int N, int LDY) {
  float *to = y + (uint32_t)m * (uint32_t)LDY;
  finish8(load(sums), load(sums + 4), row_of(r, m, LDY), b, to, n, N);
  if (n + 8 < N) finish8(load(sums + 8), load(sums + 12), row_of(r, m, LDY), b, to, n + 8, N);
}

void linear(const Block *x, const char *w, const float *r, const float *b, float *y, int M, int N, int K, int G,
            int LDY, int begin, int end) {
  const int bytes = panel_bytes(K, G), blocks = row_blocks(K);
  G = group_of(K, G);
  float sums[4 * PANEL];
  for (int p = begin; p < end; p++) {
    const char *panel = panel_at(w, p, bytes);
    int m = 0;
    for (; m + 4 <= M; m += 4) {
      four_rows(panel, x + m * blocks, blocks, K, G, sums);
      for (int i = 0; i < 4; i++) finish(sums + i * PANEL, r, b, y, m + i, p * PANEL, N, LDY);
    }
    for (; m < M; m++) {
      one_row(panel, x + m * blocks, K, G, sums);
      finish(sums, r, b, y, m, p * PANEL, N, LDY);
    }
  }
}
