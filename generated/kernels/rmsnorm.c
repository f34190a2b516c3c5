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


void rmsnorm(const float *x, const float *g, float *y, const Step *step, int D, float EPS, int LAST,
             int begin, int end) {
  for (int m = begin; m < end; m++) {
    const float *from = x + (LAST ? (int)step->seq - 1 : m) * D;
    scale_row(from, g, y + m * D, D, 1.0f / __builtin_sqrtf(squares(from, D) / (float)D + EPS));
  }
}
