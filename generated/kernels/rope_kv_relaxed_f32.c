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

// Elements of the KV cache. What kv_load gives, times KV_LARGE, times KV_REST, is the element: for f16 this saves a
// multiplication for every four of them. KV_LARGE goes to the other factor of a product, KV_REST to the sum, so that
// neither leaves the range of a float.
typedef float KV;
#define KV_LARGE 1.0f
#define KV_REST 1.0f
static inline V kv_load(const KV *p) { return load(p); }
static inline void kv_store(KV *p, V v) { store(p, v); }
static inline void kv_store1(KV *p, float x) { *p = x; }

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


static void put(const float *from, KV *to, int HD) {
  int d = 0;
  for (; d + 4 <= HD; d += 4) kv_store(to + d, load(from + d));
  for (; d < HD; d++) kv_store1(to + d, from[d]);
}

void rope_kv(const float *qkv, const float *table, float *q, KV *k, KV *v, const Step *step, int H, int KVH,
             int HD, int C, int begin, int end) {
  const int heads = H + 2 * KVH;
  float turned[1024];
  for (int i = begin; i < end; i++) {
    const int m = i / heads, h = i % heads, position = (int)step->past + m;
    const float *from = qkv + i * HD;
    if (h < H) {
      rope_head(from, table, q + (m * H + h) * HD, position, HD, C);
    } else if (h < H + KVH) {
      rope_head(from, table, turned, position, HD, C);
      put(turned, k + ((h - H) * C + position) * HD, HD);
    } else {
      put(from, v + ((h - H - KVH) * C + position) * HD, HD);
    }
  }
}
