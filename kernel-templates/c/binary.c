//! Element by element. BCAST: b is one row, for every row of a.
//! op binary(a: f32[M,D], b: f32[B,D]) -> y: f32[M,D]
//! grid M * D
//! args a, b, y, D, BCAST
//! entry binary
//#include "lib/simd.h"
//#include "lib/binary_run.h"

void binary(const float *a, const float *b, float *y, int D, int BCAST, int begin, int end) {
  for (int i = begin, stop; i < end; i = stop) {
    const int row = BCAST ? i / D * D : 0;
    stop = BCAST ? min_int(end, row + D) : end;
    run(a + i, b + i - row, y + i, stop - i);
  }
}
