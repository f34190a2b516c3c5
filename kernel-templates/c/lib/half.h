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
