//! Ids as f32.
//! op from_ids(x: u32[N]) -> y: f32[N]
//! grid N
//! args x, y
//! entry from_ids
//#include "lib/simd.h"

void from_ids(const uint32_t *x, float *y, int begin, int end) {
  for (int i = begin; i < end; i++) y[i] = (float)x[i];
}
