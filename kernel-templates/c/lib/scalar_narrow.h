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
