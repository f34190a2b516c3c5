//! Rows of x behind the first `past` of a state.
//! op put_rows(x: f32[M,D], rows: f32[C,D]) -> rows: f32[C,D]
//! grid M
//! args x, rows, step, D
//! entry put_rows
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/move.h"

void put_rows(const float *x, float *rows, const Step *step, int D, int begin, int end) {
  for (int m = begin; m < end; m++) move(rows + (step->past + (uint32_t)m) * (uint32_t)D, x + m * D, D);
}
