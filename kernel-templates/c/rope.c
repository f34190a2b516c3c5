//! Rotary positions of rows past, past + 1 …: pairs (i, i + HD/2) of each head.
//! op rope(x: f32[M,H*HD], table: f32[T,HD/2,2]) -> y: f32[M,H*HD]
//! grid M * H
//! needs HD % 2 == 0 && 2 * F == HD && FORM == half && POSITIONS == past
//! args x, table, y, step, H, HD, C
//! entry rope
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/rope.h"

void rope(const float *x, const float *table, float *y, const Step *step, int H, int HD, int C, int begin,
          int end) {
  for (int i = begin; i < end; i++)
    rope_head(x + i * HD, table, y + i * HD, (int)step->past + i / H, HD, C);
}
