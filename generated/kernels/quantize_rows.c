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


static inline V quads(const float *x, V scale) {
  return wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(wasm_f32x4_mul(load(x), scale)));
}

static inline V eights(const float *x, V scale) { return wasm_i16x8_narrow_i32x4(quads(x, scale), quads(x + 4, scale)); }

static inline float sum_int(V i) { return sum4(wasm_f32x4_convert_i32x4(i)); }

static void quantize(const float *x, Block *to) {
  const V one = wasm_i16x8_splat(1);
  V top = wasm_f32x4_abs(load(x));
  for (int i = 4; i < 32; i += 4) top = wasm_f32x4_pmax(top, wasm_f32x4_abs(load(x + i)));
  top = wasm_f32x4_pmax(top, wasm_i32x4_shuffle(top, top, 2, 3, 0, 1));
  top = wasm_f32x4_pmax(top, wasm_i32x4_shuffle(top, top, 1, 0, 3, 2));
  const float largest = wasm_f32x4_extract_lane(top, 0);
  // Its reciprocal must be finite; what is smaller than that is as good as 0.
  const float inverse = largest > 1e-30f ? 1.0f / largest : 0.0f;

  V sum = wasm_i32x4_splat(0);
  for (int i = 0; i < 32; i += 8) {
    V q = eights(x + i, set1(inverse * 32767.0f));
    sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(q, one));
    store(to->wide + i, wasm_i16x8_shuffle(q, q, 0, 2, 4, 6, 1, 3, 5, 7));
  }
  to->wide_scale = inverse > 0 ? largest / 32767.0f * X_UNIT : 0.0f;
  to->wide_bias = -8 * to->wide_scale * sum_int(sum);
}

void quantize_rows(const float *x, Block *y, int K, int begin, int end) {
  const int blocks = row_blocks(K);
  for (int m = begin; m < end; m++) {
    const float *from = x + (uint32_t)m * (uint32_t)K;
    Block *to = y + m * blocks;
    int b = 0;
    for (; b < K / 32; b++) quantize(from + b * 32, to + b);
    for (; b < blocks; b++) {
      float rest[32];
      for (int i = 0; i < 32; i++) rest[i] = b * 32 + i < K ? from[b * 32 + i] : 0.0f;
      quantize(rest, to + b);
    }
  }
}
