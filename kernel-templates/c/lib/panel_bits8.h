// A byte a weight.
enum { WORDS = 8 };

/// Column j of a block, from the byte of the row's first word that is of such columns.
static inline int stored(const uint8_t *byte, int j) { return byte[j / 4 * 64]; }

// 16-bit products cost no more than 8-bit ones here, which would need the weights cut in two.
#define NARROW(wide, narrow) wide
//#include "lib/panel_q.h"

enum { QUADS_AT_ONCE = 4 };

/// Sums over a block of the stored weights of QUADS x 4 rows with each of ROWS x, as integers.
INLINE void block_sums(const int ROWS, const int QUADS, const char *w, const Block *const *x, V *sums) {
  const V mask = wasm_i16x8_splat(255);
  UNROLL for (int v = 0; v < 4; v++) {
    UNROLL for (int q = 0; q < QUADS; q++) {
      const char *at = w + q * QUAD_STEP + v * 2 * VECTOR_STEP;
      V first = load(at), second = load(at + VECTOR_STEP);
      V w0 = wasm_v128_and(first, mask), w1 = wasm_v128_and(second, mask);
      V w2 = wasm_u16x8_shr(first, 8), w3 = wasm_u16x8_shr(second, 8);
      UNROLL for (int m = 0; m < ROWS; m++) {
        V s = dots_wide(x[m]->wide + v * 8, w0, w1, w2, w3);
        sums[m * QUADS + q] = v ? wasm_i32x4_add(sums[m * QUADS + q], s) : s;
      }
    }
  }
}
