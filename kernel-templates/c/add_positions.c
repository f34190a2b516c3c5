//! Adds to row m of x the row past + m + OFFSET of a table of positions.
//! op add_positions(x: f32[M,D], table: f32[T]) -> y: f32[M,D]
//! grid M
//! args x, table, y, step, D, OFFSET
//! entry add_positions
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/rows.h"

void add_positions(const float *x, const float *table, float *y, const Step *step, int D, int OFFSET, int begin,
                   int end) {
  for (int m = begin; m < end; m++) {
    const float *from = x + m * D, *more = table + ((int)step->past + m + OFFSET) * D;
    for (int i = 0; i < D; i += 4) {
      const int n = min_int(4, D - i);
      put(y + m * D + i, wasm_f32x4_add(get(from + i, n), get(more + i, n)), n);
    }
  }
}
