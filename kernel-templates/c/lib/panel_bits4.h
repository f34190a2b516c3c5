// Two weights in a byte.
enum { WORDS = 4 };

/// Column j of a block, from the byte of the row's first word that is of such columns.
static inline int stored(const uint8_t *byte, int j) { return byte[j / 8 * 64] >> (j & 4) & 15; }

#define NARROW(wide, narrow) narrow
//#include "lib/panel_q.h"

enum { QUADS_AT_ONCE = 4 };

/// Sums over a block of the stored weights of QUADS x 4 rows with each of ROWS x, as integers.
//#if RELAXED
//: INLINE void block_sums(const int ROWS, const int QUADS, const char *w, const Block *const *x, V *sums) {
//:   const V mask = wasm_i8x16_splat(15);
//:   UNROLL for (int v = 0; v < 4; v++) {
//:     UNROLL for (int q = 0; q < QUADS; q++) {
//:       V packed = load(w + q * QUAD_STEP + v * VECTOR_STEP);
//:       V low = wasm_v128_and(packed, mask), high = wasm_v128_and(wasm_u16x8_shr(packed, 4), mask);
//:       UNROLL for (int m = 0; m < ROWS; m++) {
//:         V a = wasm_i16x8_relaxed_dot_i8x16_i7x16(splat32(x[m]->narrow + v * 8), low);
//:         V b = wasm_i16x8_relaxed_dot_i8x16_i7x16(splat32(x[m]->narrow + v * 8 + 4), high);
//:         // 8 of these, of at most 2 * 127 * 15 each, stay within 16 bits.
//:         V s = wasm_i16x8_add(a, b);
//:         sums[m * QUADS + q] = v ? wasm_i16x8_add(sums[m * QUADS + q], s) : s;
//:       }
//:     }
//:   }
//:   UNROLL for (int i = 0; i < ROWS * QUADS; i++) sums[i] = wasm_i32x4_dot_i16x8(sums[i], wasm_i16x8_splat(1));
//: }
//#else
INLINE void block_sums(const int ROWS, const int QUADS, const char *w, const Block *const *x, V *sums) {
  const V mask = wasm_i16x8_splat(15);
  UNROLL for (int v = 0; v < 4; v++) {
    UNROLL for (int q = 0; q < QUADS; q++) {
      V packed = load(w + q * QUAD_STEP + v * VECTOR_STEP);
      V w0 = wasm_v128_and(packed, mask), w1 = wasm_v128_and(wasm_u16x8_shr(packed, 4), mask);
      V w2 = wasm_v128_and(wasm_u16x8_shr(packed, 8), mask), w3 = wasm_u16x8_shr(packed, 12);
      UNROLL for (int m = 0; m < ROWS; m++) {
        V s = dots_wide(x[m]->wide + v * 8, w0, w1, w2, w3);
        sums[m * QUADS + q] = v ? wasm_i32x4_add(sums[m * QUADS + q], s) : s;
      }
    }
  }
}
//#end
