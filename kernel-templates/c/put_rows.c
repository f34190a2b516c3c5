//! Rows of x become rows ROW0, ROW0 + 1 … of a state.
//! op put_rows(x: f32[M,D], rows: f32[C,D]) -> rows: f32[C,D]
//! grid M
//! args x, rows, D, ROW0
//! entry put_rows
//#include "lib/simd.h"
//#include "lib/move.h"

void put_rows(const float *x, float *rows, int D, int ROW0, int begin, int end) {
  for (int m = begin; m < end; m++) move(rows + (uint32_t)(ROW0 + m) * (uint32_t)D, x + m * D, D);
}
