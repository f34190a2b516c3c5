// Four weights in a byte.
enum { WORDS = 2 };

/// Column j of a block, from the byte of the row's first word that is of such columns.
static inline int stored(const uint8_t *byte, int j) { return byte[j / 16 * 64] >> 2 * (j / 4 & 3) & 3; }

/// Columns 4 f .. 4 f + 3 of 4 rows, a byte each, from the rows' words.
INLINE V four(const V *words, int f) {
  return wasm_v128_and(wasm_u16x8_shr(words[f / 4], 2 * (f & 3)), wasm_i8x16_splat(3));
}

//#include "lib/panel_fours.h"
