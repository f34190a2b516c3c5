//! x, with rows at tokens TOKEN replaced by features: the n-th of the text by row n, or row order[n].
//! op merge_rows(tokens: u32[C + 1], x: f32[M,D], features: f32[F,D], order?: u32[O], extra?: f32[D]) -> y: f32[M,D]
//! grid M
//! args tokens, x, features, order, extra, y, step, D, F, O, TOKEN
//! entry merge_rows
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/move.h"

void merge_rows(const uint32_t *tokens, const float *x, const float *features, const uint32_t *order,
                const float *extra, float *y, const Step *step, int D, int F, int O, int TOKEN, int begin, int end) {
  uint32_t before = 0;
  const uint32_t first = step->past + (uint32_t)begin;
  for (uint32_t p = 0; p < first; p++) before += tokens[p] == (uint32_t)TOKEN;
  for (int m = begin; m < end; m++) {
    const float *from = x + m * D;
    if (tokens[step->past + (uint32_t)m] == (uint32_t)TOKEN) {
      const uint32_t n = order ? order[before < (uint32_t)O ? before : (uint32_t)O - 1] : before;
      from = order && n == 0xffffffffu ? extra : features + (n < (uint32_t)F ? n : (uint32_t)F - 1) * (uint32_t)D;
      before++;
    }
    move(y + m * D, from, D);
  }
}
