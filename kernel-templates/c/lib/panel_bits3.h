// Ten weights in four bytes, of which the last two take a bit from here and there (compiler/formats/bits.ts).
enum { WORDS = 3 };

/// Column j of a block, from the byte of the row's first word that is of such columns.
static inline int stored(const uint8_t *byte, int j) {
  const int four = j / 4;
  if (four < 6) return byte[four / 2 * 64] >> 3 * (four & 1) & 7;
  return byte[(four - 6) * 64] >> 6 | (byte[128] >> (four - 2) & 4);
}

/// Columns 4 f .. 4 f + 3 of 4 rows, a byte each, from the rows' words.
INLINE V four(const V *words, int f) {
  const V seven = wasm_i8x16_splat(7);
  if (f < 6) return wasm_v128_and(wasm_u16x8_shr(words[f / 2], 3 * (f & 1)), seven);
  V low = wasm_v128_and(wasm_u16x8_shr(words[f - 6], 6), wasm_i8x16_splat(3));
  return wasm_v128_or(low, wasm_v128_and(wasm_u16x8_shr(words[2], f - 2), wasm_i8x16_splat(4)));
}

//#include "lib/panel_fours.h"
