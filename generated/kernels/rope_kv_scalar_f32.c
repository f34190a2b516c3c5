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

// Rotary positions. The table holds cos and sin of 64 fine steps of a position, then of coarse ones of 64, `half` pairs
// each.

/// Turns of a position by pair: the products of a coarse row and a fine row of the table.
typedef struct {
  const float *coarse, *fine;
} Turns;

static inline Turns turns_at(const float *table, int position, int half) {
  return (Turns){table + (64 + position / 64) * 2 * half, table + position % 64 * 2 * half};
}

/// cos and sin of 4 pairs from pair i on.
static inline void turns4(Turns t, int i, V *cos, V *sin) {
  V c0 = load(t.coarse + 2 * i), c1 = load(t.coarse + 2 * i + 4);
  V f0 = load(t.fine + 2 * i), f1 = load(t.fine + 2 * i + 4);
  V cc = wasm_i32x4_shuffle(c0, c1, 0, 2, 4, 6), cs = wasm_i32x4_shuffle(c0, c1, 1, 3, 5, 7);
  V fc = wasm_i32x4_shuffle(f0, f1, 0, 2, 4, 6), fs = wasm_i32x4_shuffle(f0, f1, 1, 3, 5, 7);
  *cos = wasm_f32x4_sub(wasm_f32x4_mul(cc, fc), wasm_f32x4_mul(cs, fs));
  *sin = wasm_f32x4_add(wasm_f32x4_mul(cs, fc), wasm_f32x4_mul(cc, fs));
}

static inline void turns1(Turns t, int i, float *cos, float *sin) {
  const float *c = t.coarse + 2 * i, *f = t.fine + 2 * i;
  *cos = c[0] * f[0] - c[1] * f[1];
  *sin = c[1] * f[0] + c[0] * f[1];
}

/// Turns pairs [i, end) of one head's `half`: (i, i + half), or interleaved (2i, 2i + 1).
INLINE void rope_pairs(const float *x, float *y, Turns t, int i, int end, int half, int interleaved) {
  for (; i + 4 <= end; i += 4) {
    V cos, sin, a = load(x + (interleaved ? 2 * i : i)), b = load(x + (interleaved ? 2 * i + 4 : i + half));
    if (interleaved) {
      const V low = a;
      a = wasm_i32x4_shuffle(low, b, 0, 2, 4, 6), b = wasm_i32x4_shuffle(low, b, 1, 3, 5, 7);
    }
    turns4(t, i, &cos, &sin);
    const V first = wasm_f32x4_sub(wasm_f32x4_mul(a, cos), wasm_f32x4_mul(b, sin));
    const V second = wasm_f32x4_add(wasm_f32x4_mul(a, sin), wasm_f32x4_mul(b, cos));
    if (interleaved) {
      store(y + 2 * i, wasm_i32x4_shuffle(first, second, 0, 4, 1, 5));
      store(y + 2 * i + 4, wasm_i32x4_shuffle(first, second, 2, 6, 3, 7));
    } else {
      store(y + i, first);
      store(y + i + half, second);
    }
  }
  for (; i < end; i++) {
    const int at = interleaved ? 2 * i : i, other = interleaved ? at + 1 : at + half;
    float cos, sin, a = x[at], b = x[other];
    turns1(t, i, &cos, &sin);
    y[at] = a * cos - b * sin;
    y[other] = a * sin + b * cos;
  }
}

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


ALONE void turn(const float *x, float *y, Turns t, int F, int HD) {
  rope_pairs(x, y, t, 0, F, F, 0);
  for (int d = 2 * F; d < HD; d++) y[d] = x[d];
}

/// The head itself, or what the norm makes of it in `room`.
static const float *normed(const float *x, const float *gains, float *room, int HD, float EPS) {
  if (!gains) return x;
  scale_row(x, gains, room, HD, 1.0f / __builtin_sqrtf(squares(x, HD) / (float)HD + EPS));
  return room;
}

void rope_kv(const float *qkv, const float *table, const float *qg, const float *kg, float *q, KV *k, KV *v,
             const Step *step, int H, int KVH, int HD, int C, int F, float EPS, int begin, int end) {
  const int heads = H + 2 * KVH;
  float turned[1024], room[1024];
  for (int i = begin; i < end; i++) {
    const int m = i / heads, h = i % heads, position = (int)step->past + m;
    const float *from = qkv + i * HD;
    if (h < H) {
      turn(normed(from, qg, room, HD, EPS), q + (m * H + h) * HD, turns_at(table, position, F), F, HD);
    } else if (h < H + KVH) {
      turn(normed(from, kg, room, HD, EPS), turned, turns_at(table, position, F), F, HD);
      kv_put(turned, k + (uint32_t)((h - H) * C + position) * (uint32_t)kv_size(HD), HD);
    } else {
      kv_put(from, v + (uint32_t)((h - H - KVH) * C + position) * (uint32_t)kv_size(HD), HD);
    }
  }
}
