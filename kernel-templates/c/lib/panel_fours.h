// Sums over blocks of weights that come in fours of columns, a byte a weight.
#define NARROW(wide, narrow) narrow
//#include "lib/panel_q.h"

enum { QUADS_AT_ONCE = 4 };

/// Sums over a block of the stored weights of QUADS x 4 rows with each of ROWS x, as integers.
INLINE void block_sums(const int ROWS, const int QUADS, const char *w, const Block *const *x, V *sums) {
  UNROLL for (int q = 0; q < QUADS; q++) {
    V words[WORDS];
    UNROLL for (int v = 0; v < WORDS; v++) words[v] = load(w + q * QUAD_STEP + v * VECTOR_STEP);
    UNROLL for (int v = 0; v < 4; v++) {
      const V first = four(words, 2 * v), second = four(words, 2 * v + 1);
//#if RELAXED
      //: UNROLL for (int m = 0; m < ROWS; m++) {
      //:   V a = wasm_i16x8_relaxed_dot_i8x16_i7x16(splat32(x[m]->narrow + v * 8), first);
      //:   V b = wasm_i16x8_relaxed_dot_i8x16_i7x16(splat32(x[m]->narrow + v * 8 + 4), second);
      //:   // 8 of these, of at most 2 * 127 * 7 each, stay within 16 bits.
      //:   V s = wasm_i16x8_add(a, b);
      //:   sums[m * QUADS + q] = v ? wasm_i16x8_add(sums[m * QUADS + q], s) : s;
      //: }
//#else
      const V mask = wasm_i16x8_splat(255);
      const V w0 = wasm_v128_and(first, mask), w1 = wasm_v128_and(second, mask);
      const V w2 = wasm_u16x8_shr(first, 8), w3 = wasm_u16x8_shr(second, 8);
      UNROLL for (int m = 0; m < ROWS; m++) {
        V s = dots_wide(x[m]->wide + v * 8, w0, w1, w2, w3);
        sums[m * QUADS + q] = v ? wasm_i32x4_add(sums[m * QUADS + q], s) : s;
      }
//#end
    }
  }
//#if RELAXED
  //: UNROLL for (int i = 0; i < ROWS * QUADS; i++) sums[i] = wasm_i32x4_dot_i16x8(sums[i], wasm_i16x8_splat(1));
//#end
}
