// What every kernel starts with: vectors of four floats, and multiply-add.
#include <stdint.h>
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
// Lanes of 16 and 8 bits in vectors of four words: lane i of 16 bits is half i % 2 of word i / 2, of 8 bits byte i % 4
// of word i / 4.

LANEWISE int32_t low16(int32_t word) { return (int16_t)word; }
LANEWISE int32_t high16(int32_t word) { return word >> 16; }
LANEWISE int32_t pair16(int32_t low, int32_t high) { return (int32_t)(((uint32_t)high << 16) | (low & 0xffff)); }
LANEWISE int32_t lane16(v128_t v, int i) { return i & 1 ? high16(v[i / 2]) : low16(v[i / 2]); }
/// Lane i of two vectors, one after the other.
LANEWISE int32_t of_two16(v128_t a, v128_t b, int i) { return i < 8 ? lane16(a, i) : lane16(b, i - 8); }
LANEWISE int32_t lane8(v128_t v, int i) { return (int8_t)(v[i / 4] >> 8 * (i & 3)); }
LANEWISE int32_t unsigned8(v128_t v, int i) { return (uint8_t)(v[i / 4] >> 8 * (i & 3)); }
LANEWISE int32_t clamp(int32_t x, int32_t least, int32_t most) { return x < least ? least : x > most ? most : x; }
LANEWISE int32_t bytes4(int32_t a, int32_t b, int32_t c, int32_t d) {
  return (int32_t)((uint32_t)(a & 255) | (uint32_t)(b & 255) << 8 | (uint32_t)(c & 255) << 16 | (uint32_t)d << 24);
}

// 16 bits.
LANEWISE v128_t wasm_i16x8_splat(int16_t x) { return wasm_i32x4_splat(pair16(x, x)); }
LANEWISE v128_t wasm_i16x8_add(v128_t a, v128_t b) { EACH(pair16(a[i] + b[i], high16(a[i]) + high16(b[i]))); }
LANEWISE v128_t wasm_u16x8_shr(v128_t v, uint32_t n) {
  return wasm_v128_and(wasm_u32x4_shr(v, n), wasm_i16x8_splat((int16_t)(0xffff >> n)));
}
LANEWISE v128_t wasm_i16x8_shl(v128_t v, uint32_t n) {
  return wasm_v128_and(wasm_i32x4_shl(v, n), wasm_i16x8_splat((int16_t)(0xffff << n)));
}
LANEWISE v128_t wasm_i16x8_shr(v128_t v, uint32_t n) { EACH(pair16(low16(v[i]) >> n, high16(v[i]) >> n)); }
LANEWISE v128_t wasm_i32x4_dot_i16x8(v128_t a, v128_t b) {
  EACH((int32_t)((uint32_t)(low16(a[i]) * low16(b[i])) + (uint32_t)(high16(a[i]) * high16(b[i]))));
}
LANEWISE v128_t words_of16(v128_t v, int first) { EACH(lane16(v, first + i)); }
LANEWISE v128_t wasm_i32x4_extend_low_i16x8(v128_t v) { return words_of16(v, 0); }
LANEWISE v128_t wasm_i32x4_extend_high_i16x8(v128_t v) { return words_of16(v, 4); }
LANEWISE v128_t wasm_u32x4_extend_low_u16x8(v128_t v) { return words_of16(v, 0) & 0xffff; }
LANEWISE v128_t wasm_u32x4_extend_high_u16x8(v128_t v) { return words_of16(v, 4) & 0xffff; }
LANEWISE v128_t wasm_i32x4_load16x4(const void *p) { return words_of16(wasm_v128_load64_zero(p), 0); }
LANEWISE v128_t narrow_i32x4(v128_t a, v128_t b, int32_t least, int32_t most) {
  const v128_t both[2] = {a, b};
  EACH(pair16(clamp(both[i / 2][2 * i & 3], least, most), clamp(both[i / 2][(2 * i & 3) + 1], least, most)));
}
LANEWISE v128_t wasm_i16x8_narrow_i32x4(v128_t a, v128_t b) { return narrow_i32x4(a, b, -32768, 32767); }
LANEWISE v128_t wasm_u16x8_narrow_i32x4(v128_t a, v128_t b) { return narrow_i32x4(a, b, 0, 65535); }
#define PICK2(a, b, i, j) pair16(of_two16(a, b, i), of_two16(a, b, j))
#define wasm_i16x8_shuffle(a, b, c, d, e, f, g, h, i, j) \
  wasm_i32x4_make(PICK2(a, b, c, d), PICK2(a, b, e, f), PICK2(a, b, g, h), PICK2(a, b, i, j))

// 8 bits.
LANEWISE v128_t wasm_i8x16_splat(int8_t x) { return wasm_i32x4_splat(bytes4(x, x, x, x)); }
#define wasm_i8x16_make(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) \
  wasm_i32x4_make(bytes4(a, b, c, d), bytes4(e, f, g, h), bytes4(i, j, k, l), bytes4(m, n, o, p))
/// Words of what an expression in j is for each byte.
#define EACH_BYTE(lane) \
  v128_t y = {0}; \
  LANES_UNROLLED for (int j = 0; j < 16; j++) y[j / 4] |= (int32_t)((uint32_t)((lane) & 255) << 8 * (j & 3)); \
  return y
LANEWISE v128_t wasm_i8x16_add(v128_t a, v128_t b) { EACH_BYTE(lane8(a, j) + lane8(b, j)); }
LANEWISE v128_t wasm_i8x16_sub(v128_t a, v128_t b) { EACH_BYTE(lane8(a, j) - lane8(b, j)); }
LANEWISE v128_t wasm_i8x16_eq(v128_t a, v128_t b) { EACH_BYTE(lane8(a, j) == lane8(b, j) ? 255 : 0); }
LANEWISE v128_t wasm_i8x16_gt(v128_t a, v128_t b) { EACH_BYTE(lane8(a, j) > lane8(b, j) ? 255 : 0); }
LANEWISE v128_t wasm_u8x16_shr(v128_t v, uint32_t n) {
  return wasm_v128_and(wasm_u32x4_shr(v, n), wasm_i8x16_splat((int8_t)(255 >> n)));
}
LANEWISE v128_t words_of8(v128_t v, int first) { EACH(pair16(lane8(v, first + 2 * i), lane8(v, first + 2 * i + 1))); }
LANEWISE v128_t wasm_i16x8_extend_low_i8x16(v128_t v) { return words_of8(v, 0); }
LANEWISE v128_t wasm_i16x8_extend_high_i8x16(v128_t v) { return words_of8(v, 8); }
LANEWISE v128_t wasm_u16x8_extend_low_u8x16(v128_t v) { return words_of8(v, 0) & 0x00ff00ff; }
LANEWISE v128_t wasm_u16x8_extend_high_u8x16(v128_t v) { return words_of8(v, 8) & 0x00ff00ff; }
LANEWISE v128_t narrow_i16x8(v128_t a, v128_t b, int32_t least, int32_t most) {
  EACH_BYTE(clamp(of_two16(a, b, j), least, most));
}
LANEWISE v128_t wasm_i8x16_narrow_i16x8(v128_t a, v128_t b) { return narrow_i16x8(a, b, -128, 127); }
LANEWISE v128_t wasm_u8x16_narrow_i16x8(v128_t a, v128_t b) { return narrow_i16x8(a, b, 0, 255); }
/// Byte from[i] of v; 0 where there is none.
LANEWISE v128_t wasm_i8x16_swizzle(v128_t v, v128_t from) {
  uint8_t bytes[16];
  wasm_v128_store(bytes, v);
  EACH_BYTE((uint8_t)lane8(from, j) < 16 ? bytes[(uint8_t)lane8(from, j)] : 0);
}



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

// Weight layout `panels` in f16 (compiler/formats/layouts-cpu.ts): a header, then 8 rows side by side, [K][8].
enum { PANEL = 8 };

static inline int panel_bytes(int K, int G) { return (void)G, HEADER + K * 16; }

static inline const uint16_t *halves(const char *panel) { return (const uint16_t *)(panel + HEADER); }

/// One row of a panel.
static void gather(const char *panel, int row, float *y, int D, int G) {
  const uint16_t *w = halves(panel) + row;
  const float scale = multiplier(panel);
  (void)G;
  for (int i = 0; i < D; i++) y[i] = half_small(w[i * PANEL]) * scale;
}

/// Sums of one row of x with the panel's, four columns a turn. Bits of halves taken as floats are tiny: 2^64 of the
/// multiplier goes to x, the rest to the sum, so that neither leaves the range of a float.
ALONE void one_row(const float *x, const char *panel, int K, float *sums) {
  const uint16_t *w = halves(panel);
  const V large = set1(0x1p64f), rest = set1(multiplier(panel) * 0x1p-64f);
  V a[8];
  UNROLL for (int i = 0; i < 8; i++) a[i] = set1(0);
  int k = 0;
  for (; k + 4 <= K; k += 4, w += 32)
    UNROLL for (int i = 0; i < 4; i++) {
      const V v = wasm_f32x4_mul(splat32(x + k + i), large);
      V w0, w1;
      load_halves_small(w + 8 * i, &w0, &w1);
      a[2 * i] = madd(v, w0, a[2 * i]);
      a[2 * i + 1] = madd(v, w1, a[2 * i + 1]);
    }
  for (; k < K; k++, w += 8) {
    const V v = wasm_f32x4_mul(splat32(x + k), large);
    V w0, w1;
    load_halves_small(w, &w0, &w1);
    a[0] = madd(v, w0, a[0]);
    a[1] = madd(v, w1, a[1]);
  }
  V even = wasm_f32x4_add(wasm_f32x4_add(a[0], a[2]), wasm_f32x4_add(a[4], a[6]));
  V odd = wasm_f32x4_add(wasm_f32x4_add(a[1], a[3]), wasm_f32x4_add(a[5], a[7]));
  store(sums, wasm_f32x4_mul(even, rest));
  store(sums + 4, wasm_f32x4_mul(odd, rest));
}

/// Floats a caller must have for `panel_floats`, for each column.
enum { PANEL_SCRATCH = PANEL };

/// Columns [k, k + count) of a panel as [count][8] floats, in `scratch` where they are not.
static inline const float *panel_floats(const char *panel, int k, int count, float *scratch) {
  const uint16_t *w = halves(panel) + k * PANEL;
  const V scale = set1(multiplier(panel));
  for (int i = 0; i < count * PANEL; i += 8) {
    V w0, w1;
    load_halves_small(w + i, &w0, &w1);
    store(scratch + i, wasm_f32x4_mul(w0, scale));
    store(scratch + i + 4, wasm_f32x4_mul(w1, scale));
  }
  return scratch;
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

// Products of many rows: register tiles of 4 rows of x by 8 columns of y, from rows of x that are packed for it and
// panels of 8 columns, [k][8] floats.

/// `count` columns of up to 4 rows, a column's values side by side: to[STEP k + row]; rows from `rows` on are 0.
INLINE void pack4(const float *x, int K, int rows, int count, float *to, const int STEP) {
  const V zero = set1(0);
  const float *x0 = x, *x1 = x0 + K, *x2 = x1 + K, *x3 = x2 + K;
  int k = 0;
  for (; k + 4 <= count; k += 4, to += 4 * STEP) {
    V a = load(x0 + k), b = rows > 1 ? load(x1 + k) : zero;
    V c = rows > 2 ? load(x2 + k) : zero, d = rows > 3 ? load(x3 + k) : zero;
    V ab = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), ab2 = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
    V cd = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), cd2 = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
    store(to, wasm_i64x2_shuffle(ab, cd, 0, 2));
    store(to + STEP, wasm_i64x2_shuffle(ab, cd, 1, 3));
    store(to + 2 * STEP, wasm_i64x2_shuffle(ab2, cd2, 0, 2));
    store(to + 3 * STEP, wasm_i64x2_shuffle(ab2, cd2, 1, 3));
  }
  for (; k < count; k++, to += STEP) {
    to[0] = x0[k];
    to[1] = rows > 1 ? x1[k] : 0;
    to[2] = rows > 2 ? x2[k] : 0;
    to[3] = rows > 3 ? x3[k] : 0;
  }
}

/// Rows and columns of x as tiles read them, 4 rows after 4 rows.
static void pack_x(const float *x, int K, int rows, int count, float *to) {
  for (int m = 0; m < rows; m += 4) pack4(x + m * K, K, rows - m, count, to + m * count, 4);
}

/// One column: 4 of x, 8 of w.
#define COLUMN(x, w)                                        \
  {                                                         \
    const V w0 = load(w), w1 = load((w) + 4);               \
    const V x0 = splat32(x), x1 = splat32((x) + 1);         \
    c00 = madd(x0, w0, c00), c01 = madd(x0, w1, c01);       \
    c10 = madd(x1, w0, c10), c11 = madd(x1, w1, c11);       \
    const V x2 = splat32((x) + 2), x3 = splat32((x) + 3);   \
    c20 = madd(x2, w0, c20), c21 = madd(x2, w1, c21);       \
    c30 = madd(x3, w0, c30), c31 = madd(x3, w1, c31);       \
  }

/// Adds the products of `count` columns to a tile, whose rows are `step` apart. Two columns a turn: one leaves the
/// processor waiting for the loop, more need more registers than there are.
ALONE void tile(const float *x, const float *w, float *c, int step, int count, int first) {
  const V zero = set1(0);
  V c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  float *const c1 = c + step, *const c2 = c1 + step, *const c3 = c2 + step;
  if (!first) {
    c00 = load(c), c01 = load(c + 4), c10 = load(c1), c11 = load(c1 + 4);
    c20 = load(c2), c21 = load(c2 + 4), c30 = load(c3), c31 = load(c3 + 4);
  }
  int k = 0;
#pragma clang loop unroll(disable)
  for (; k + 2 <= count; k += 2, x += 8, w += 16) {
    COLUMN(x, w)
    COLUMN(x + 4, w + 8)
  }
  if (k < count) COLUMN(x, w)
  store(c, c00), store(c + 4, c01), store(c1, c10), store(c1 + 4, c11);
  store(c2, c20), store(c2 + 4, c21), store(c3, c30), store(c3 + 4, c31);
}


// Rows of x are packed in blocks of ROWS x DEPTH, and tiles of PANELS panels gather their sums, on the stack:
// 4 (ROWS DEPTH + 8 ROWS PANELS + 8 DEPTH) bytes.
enum { ROWS = 32, DEPTH = 256, PANELS = 16 };

/// Rows [m, m + rows) of y for panels [begin, end).
static void many_rows(const float *x, const char *w, const float *r, const float *b, float *y, int m, int rows, int N,
                      int K, int LDY, int begin, int end) {
  float xs[ROWS * DEPTH], sums[PANELS * ROWS * PANEL];
  float ws[PANEL_SCRATCH ? DEPTH * PANEL_SCRATCH : 1];
  const int bytes = panel_bytes(K, 0);
  for (int p0 = begin; p0 < end; p0 += PANELS) {
    const int p1 = min_int(p0 + PANELS, end);
    for (int k = 0; k < K; k += DEPTH) {
      const int count = min_int(DEPTH, K - k);
      if (K > DEPTH || p0 == begin) pack_x(x + (uint32_t)m * (uint32_t)K + k, K, rows, count, xs);
      for (int p = p0; p < p1; p++) {
        const float *wp = panel_floats(panel_at(w, p, bytes), k, count, ws);
        float *c = sums + (p - p0) * ROWS * PANEL;
        for (int i = 0; i < rows; i += 4) tile(xs + i * count, wp, c + i * PANEL, PANEL, count, k == 0);
      }
    }
    for (int p = p0; p < p1; p++)
      for (int i = 0; i < rows; i++) {
        const float *c = sums + (p - p0) * ROWS * PANEL + i * PANEL;
        float *to = y + (uint32_t)(m + i) * (uint32_t)LDY;
        finish8(load(c), load(c + 4), row_of(r, m + i, LDY), b, to, p * PANEL, N);
      }
  }
}

void linear(const float *x, const char *w, const float *r, const float *b, float *y, int M, int N, int K, int LDY,
            int begin, int end) {
  if (M == 1) {
    const int bytes = panel_bytes(K, 0);
    float sums[PANEL];
    for (int p = begin; p < end; p++) {
      one_row(x, panel_at(w, p, bytes), K, sums);
      finish8(load(sums), load(sums + 4), r, b, y, p * PANEL, N);
    }
    return;
  }
  for (int m = 0; m < M; m += ROWS) many_rows(x, w, r, b, y, m, min_int(ROWS, M - m), N, K, LDY, begin, end);
}
