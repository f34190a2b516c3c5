//! Ids of whole numbers in f32: WRAP is added to negative ones.
//! op to_ids(x: f32[N]) -> y: u32[N]
//! grid N
//! args x, y, WRAP
//! entry to_ids
//#include "lib/simd.h"

void to_ids(const float *x, uint32_t *y, int WRAP, int begin, int end) {
  for (int i = begin; i < end; i++) {
    const float v = x[i] < 0 ? x[i] + (float)WRAP : x[i];
    y[i] = v > 0 ? (uint32_t)v : 0;
  }
}
