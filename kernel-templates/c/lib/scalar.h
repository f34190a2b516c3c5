// The part of wasm_simd128.h that kernels use, for engines without SIMD: names and results are its own. A vector is
// four 32-bit lanes, which the compiler keeps in four variables; what has narrower lanes works on those in place.

typedef int32_t v128_t __attribute__((vector_size(16)));
typedef uint32_t U4 __attribute__((vector_size(16)));
typedef float F4 __attribute__((vector_size(16)));
typedef double D2 __attribute__((vector_size(16)));

#define LANEWISE static inline __attribute__((always_inline))
#define LANES_UNROLLED _Pragma("clang loop unroll(full)")
/// A vector of what an expression in `i` is for each lane.
#define EACH(lane) \
  v128_t y = {0}; \
  LANES_UNROLLED for (int i = 0; i < 4; i++) y[i] = (lane); \
  return y
#define EACH_FLOAT(lane) \
  F4 y = {0}; \
  LANES_UNROLLED for (int i = 0; i < 4; i++) y[i] = (lane); \
  return (v128_t)y
#define EACH_DOUBLE(lane) \
  D2 y = {0}; \
  LANES_UNROLLED for (int i = 0; i < 2; i++) y[i] = (lane); \
  return (v128_t)y

// Memory, at any address.
typedef struct {
  v128_t v;
} __attribute__((packed, may_alias)) Unaligned;
typedef struct {
  int32_t v;
} __attribute__((packed, may_alias)) Unaligned32;
LANEWISE int32_t lane_word(const void *p, int i) { return ((const Unaligned32 *)p)[i].v; }
LANEWISE v128_t wasm_v128_load(const void *p) { return ((const Unaligned *)p)->v; }
LANEWISE void wasm_v128_store(void *p, v128_t v) { ((Unaligned *)p)->v = v; }
LANEWISE v128_t wasm_i32x4_splat(int32_t x) { return (v128_t){x, x, x, x}; }
LANEWISE v128_t wasm_v128_load32_splat(const void *p) { return wasm_i32x4_splat(lane_word(p, 0)); }
LANEWISE v128_t wasm_v128_load64_zero(const void *p) { return (v128_t){lane_word(p, 0), lane_word(p, 1)}; }
LANEWISE void wasm_v128_store32_lane(void *p, v128_t v, int i) { ((Unaligned32 *)p)->v = v[i]; }
LANEWISE void wasm_v128_store64_lane(void *p, v128_t v, int i) {
  ((Unaligned32 *)p)[0].v = v[2 * i];
  ((Unaligned32 *)p)[1].v = v[2 * i + 1];
}

// Lanes.
LANEWISE v128_t wasm_f32x4_splat(float x) { return (v128_t)(F4){x, x, x, x}; }
LANEWISE v128_t wasm_f32x4_make(float a, float b, float c, float d) { return (v128_t)(F4){a, b, c, d}; }
LANEWISE v128_t wasm_i32x4_make(int32_t a, int32_t b, int32_t c, int32_t d) { return (v128_t){a, b, c, d}; }
LANEWISE v128_t wasm_u32x4_make(uint32_t a, uint32_t b, uint32_t c, uint32_t d) { return (v128_t)(U4){a, b, c, d}; }
LANEWISE float wasm_f32x4_extract_lane(v128_t v, int i) { return ((F4)v)[i]; }
LANEWISE int32_t wasm_i32x4_extract_lane(v128_t v, int i) { return v[i]; }
#define wasm_i32x4_shuffle(a, b, ...) __builtin_shufflevector((v128_t)(a), (v128_t)(b), __VA_ARGS__)
#define wasm_i64x2_shuffle(a, b, c, d) wasm_i32x4_shuffle(a, b, 2 * (c), 2 * (c) + 1, 2 * (d), 2 * (d) + 1)

// Bits.
LANEWISE v128_t wasm_v128_and(v128_t a, v128_t b) { return a & b; }
LANEWISE v128_t wasm_v128_or(v128_t a, v128_t b) { return a | b; }
LANEWISE v128_t wasm_v128_xor(v128_t a, v128_t b) { return a ^ b; }
LANEWISE v128_t wasm_v128_bitselect(v128_t a, v128_t b, v128_t mask) { return (a & mask) | (b & ~mask); }
LANEWISE int wasm_v128_any_true(v128_t v) { return (v[0] | v[1] | v[2] | v[3]) != 0; }

// Floats. min and max are the engine's own: of NaN they make NaN, and -0 is below 0.
LANEWISE v128_t wasm_f32x4_add(v128_t a, v128_t b) { return (v128_t)((F4)a + (F4)b); }
LANEWISE v128_t wasm_f32x4_sub(v128_t a, v128_t b) { return (v128_t)((F4)a - (F4)b); }
LANEWISE v128_t wasm_f32x4_mul(v128_t a, v128_t b) { return (v128_t)((F4)a * (F4)b); }
LANEWISE v128_t wasm_f32x4_div(v128_t a, v128_t b) { return (v128_t)((F4)a / (F4)b); }
LANEWISE v128_t wasm_f32x4_eq(v128_t a, v128_t b) { return (v128_t)((F4)a == (F4)b); }
LANEWISE v128_t wasm_f32x4_ne(v128_t a, v128_t b) { return (v128_t)((F4)a != (F4)b); }
LANEWISE v128_t wasm_f32x4_lt(v128_t a, v128_t b) { return (v128_t)((F4)a < (F4)b); }
LANEWISE v128_t wasm_f32x4_le(v128_t a, v128_t b) { return (v128_t)((F4)a <= (F4)b); }
LANEWISE v128_t wasm_f32x4_gt(v128_t a, v128_t b) { return (v128_t)((F4)a > (F4)b); }
LANEWISE v128_t wasm_f32x4_ge(v128_t a, v128_t b) { return (v128_t)((F4)a >= (F4)b); }
LANEWISE v128_t wasm_f32x4_neg(v128_t a) { return a ^ wasm_i32x4_splat((int32_t)0x80000000); }
LANEWISE v128_t wasm_f32x4_abs(v128_t a) { return a & wasm_i32x4_splat(0x7fffffff); }
LANEWISE v128_t wasm_f32x4_min(v128_t a, v128_t b) { EACH_FLOAT(__builtin_wasm_min_f32(((F4)a)[i], ((F4)b)[i])); }
LANEWISE v128_t wasm_f32x4_max(v128_t a, v128_t b) { EACH_FLOAT(__builtin_wasm_max_f32(((F4)a)[i], ((F4)b)[i])); }
LANEWISE v128_t wasm_f32x4_pmin(v128_t a, v128_t b) { EACH_FLOAT(((F4)b)[i] < ((F4)a)[i] ? ((F4)b)[i] : ((F4)a)[i]); }
LANEWISE v128_t wasm_f32x4_pmax(v128_t a, v128_t b) { EACH_FLOAT(((F4)a)[i] < ((F4)b)[i] ? ((F4)b)[i] : ((F4)a)[i]); }
LANEWISE v128_t wasm_f32x4_sqrt(v128_t a) { EACH_FLOAT(__builtin_sqrtf(((F4)a)[i])); }
LANEWISE v128_t wasm_f32x4_floor(v128_t a) { EACH_FLOAT(__builtin_floorf(((F4)a)[i])); }
LANEWISE v128_t wasm_f32x4_ceil(v128_t a) { EACH_FLOAT(__builtin_ceilf(((F4)a)[i])); }
LANEWISE v128_t wasm_f32x4_nearest(v128_t a) { EACH_FLOAT(__builtin_rintf(((F4)a)[i])); }
LANEWISE v128_t wasm_f32x4_convert_i32x4(v128_t a) { return (v128_t) __builtin_convertvector(a, F4); }
/// 0 of NaN; what an int cannot hold becomes the nearest that it can.
LANEWISE int32_t trunc_sat(double x) {
  return x >= 2147483647.0 ? 2147483647 : x > -2147483648.0 ? (int32_t)x : x == x ? (-2147483647 - 1) : 0;
}
LANEWISE v128_t wasm_i32x4_trunc_sat_f32x4(v128_t a) { EACH(trunc_sat((double)((F4)a)[i])); }

// Doubles.
LANEWISE v128_t wasm_f64x2_splat(double x) { return (v128_t)(D2){x, x}; }
LANEWISE v128_t wasm_f64x2_sub(v128_t a, v128_t b) { return (v128_t)((D2)a - (D2)b); }
LANEWISE v128_t wasm_f64x2_mul(v128_t a, v128_t b) { return (v128_t)((D2)a * (D2)b); }
LANEWISE v128_t wasm_f64x2_div(v128_t a, v128_t b) { return (v128_t)((D2)a / (D2)b); }
LANEWISE v128_t wasm_f64x2_floor(v128_t a) { EACH_DOUBLE(__builtin_floor(((D2)a)[i])); }
LANEWISE v128_t wasm_f64x2_trunc(v128_t a) { EACH_DOUBLE(__builtin_trunc(((D2)a)[i])); }
LANEWISE v128_t wasm_f64x2_nearest(v128_t a) { EACH_DOUBLE(__builtin_rint(((D2)a)[i])); }
LANEWISE v128_t wasm_f64x2_promote_low_f32x4(v128_t a) { EACH_DOUBLE((double)((F4)a)[i]); }
LANEWISE v128_t wasm_f32x4_demote_f64x2_zero(v128_t a) {
  return (v128_t)(F4){(float)((D2)a)[0], (float)((D2)a)[1], 0, 0};
}
LANEWISE v128_t wasm_i32x4_trunc_sat_f64x2_zero(v128_t a) {
  return (v128_t){trunc_sat(((D2)a)[0]), trunc_sat(((D2)a)[1]), 0, 0};
}

// 32-bit integers.
LANEWISE v128_t wasm_i32x4_add(v128_t a, v128_t b) { return (v128_t)((U4)a + (U4)b); }
LANEWISE v128_t wasm_i32x4_sub(v128_t a, v128_t b) { return (v128_t)((U4)a - (U4)b); }
LANEWISE v128_t wasm_i32x4_mul(v128_t a, v128_t b) { return (v128_t)((U4)a * (U4)b); }
LANEWISE v128_t wasm_i32x4_shl(v128_t a, uint32_t n) { return (v128_t)((U4)a << (n & 31)); }
LANEWISE v128_t wasm_i32x4_shr(v128_t a, uint32_t n) { return a >> (int32_t)(n & 31); }
LANEWISE v128_t wasm_u32x4_shr(v128_t a, uint32_t n) { return (v128_t)((U4)a >> (n & 31)); }
LANEWISE v128_t wasm_i32x4_ne(v128_t a, v128_t b) { return (v128_t)(a != b); }
LANEWISE v128_t wasm_i32x4_lt(v128_t a, v128_t b) { return (v128_t)(a < b); }
LANEWISE v128_t wasm_i32x4_le(v128_t a, v128_t b) { return (v128_t)(a <= b); }
LANEWISE v128_t wasm_i32x4_gt(v128_t a, v128_t b) { return (v128_t)(a > b); }
LANEWISE v128_t wasm_i32x4_ge(v128_t a, v128_t b) { return (v128_t)(a >= b); }
LANEWISE v128_t wasm_i32x4_min(v128_t a, v128_t b) { return wasm_v128_bitselect(a, b, (v128_t)(a < b)); }
//#include "lib/scalar_narrow.h"
