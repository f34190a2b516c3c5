// What every kernel starts with: vectors of four floats, and multiply-add.
#include <stdint.h>
//#option SCALAR false|true
//#if SCALAR
//#include "lib/scalar.h"
//#else
#include <wasm_simd128.h>
//#end

//#param RELAXED false|true
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
//#if RELAXED
  //: return wasm_f32x4_relaxed_madd(a, b, c);
//#else
  return wasm_f32x4_add(wasm_f32x4_mul(a, b), c);
//#end
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
