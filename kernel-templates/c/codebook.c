//! The sum of one row of each of Q codebooks, V rows each, as a residual quantiser decodes; a code beyond the last
//! means the last.
//! op codebook(codes: u32[Q,T], w: W[Q * V,D]) -> y: f32[T,D]
//! grid T
//! args codes, w, w_scale, y, Q, T, V, D, G
//! entry codebook
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/decode.h"

enum { COLUMNS = 256 };

void codebook(const uint32_t *codes, const char *w, const uint16_t *w_scale, float *y, int Q, int T, int N, int D,
              int G, int begin, int end) {
  float row[COLUMNS], sums[COLUMNS];
  for (int t = begin; t < end; t++)
    for (int d = 0; d < D; d += COLUMNS) {
      const int to = min_int(d + COLUMNS, D);
      for (int i = 0; i < COLUMNS; i += 4) store(sums + i, set1(0));
      for (int q = 0; q < Q; q++) {
        const uint32_t code = codes[q * T + t];
        decode(w, w_scale, q * N + (code < (uint32_t)N ? (int)code : N - 1), D, G, d, to, row);
        for (int i = 0; i < to - d; i += 4) store(sums + i, wasm_f32x4_add(load(sums + i), load(row + i)));
      }
      for (int i = d; i < to; i += 4) put(y + t * D + i, load(sums + i - d), min_int(4, to - i));
    }
}
