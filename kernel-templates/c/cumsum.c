//! Running sums along the middle axis. EXCLUSIVE: of what is before each. REVERSE: from the end.
//! op cumsum(x: f32[A,D,S]) -> y: f32[A,D,S]
//! grid A * S
//! args x, y, D, S, EXCLUSIVE, REVERSE
//! entry cumsum
//#include "lib/simd.h"
//#include "lib/columns.h"

void cumsum(const float *x, float *y, int D, int S, int EXCLUSIVE, int REVERSE, int begin, int end) {
  const int step = REVERSE ? -S : S, first = REVERSE ? (D - 1) * S : 0;
  for (int i = begin, n; i < end; i += n) {
    n = columns_from(i, end, S);
    int at = column_at(i, D, S) + first;
    if (n == 4) {
      V sum = set1(0);
      for (int d = 0; d < D; d++, at += step) {
        const V next = wasm_f32x4_add(sum, load(x + at));
        store(y + at, EXCLUSIVE ? sum : next);
        sum = next;
      }
      continue;
    }
    n = 1;
    float sum = 0;
    for (int d = 0; d < D; d++, at += step) {
      const float next = sum + x[at];
      y[at] = EXCLUSIVE ? sum : next;
      sum = next;
    }
  }
}
