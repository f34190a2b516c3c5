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


void embed(const uint32_t *tokens, const char *w, float *y, const Step *step, int V, int D, int G, int ROW0,
           int begin, int end) {
  const int bytes = panel_bytes(D, G);
  for (int m = begin; m < end; m++) {
    const int row = (int)(tokens[step->past + (uint32_t)m] - (uint32_t)ROW0);
    if (row < 0 || row >= V) continue;
    gather(panel_at(w, row / PANEL, bytes), row % PANEL, y + m * D, D, G);
  }
}
