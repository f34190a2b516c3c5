//! Two to four tensors side by side along the middle axis.
//! op concat(a: f32[A,DA,S], b: f32[A,DB,S], c?: f32[A,DC,S], d?: f32[A,DD,S]) -> y: f32[A,D,S]
//! grid A * D * S
//! args a, b, c, d, y, COUNT, DA, DB, DC, DD, S
//! entry concat
//#include "lib/simd.h"
//#include "lib/move.h"

void concat(const float *a, const float *b, const float *c, const float *d, float *y, int COUNT, int DA, int DB,
            int DC, int DD, int S, int begin, int end) {
  const float *parts[] = {a, b, c, d};
  int lengths[] = {DA * S, DB * S, DC * S, DD * S}, whole = 0;
  for (int k = 0; k < COUNT; k++) whole += lengths[k];
  int row = begin / whole, at = begin % whole;
  for (int i = begin; i < end; row++, at = 0)
    // `at`: of the row, then of each of its parts in turn.
    for (int k = 0; k < COUNT && i < end; k++) {
      const int n = min_int(lengths[k] - at, end - i);
      if (n > 0) {
        move(y + i, parts[k] + row * lengths[k] + at, n);
        i += n;
        at = 0;
      } else at -= lengths[k];
    }
}
