//! y[a, m, s] = x[a, ids[m], s]. An id beyond the last means the last.
//! op gather(x: f32[A,V,S], ids: u32[M]) -> y: f32[A,M,S]
//! grid A * M * S
//! args x, ids, y, V, S, M
//! entry gather
//#include "lib/simd.h"
//#include "lib/move.h"

void gather(const float *x, const uint32_t *ids, float *y, int V, int S, int M, int begin, int end) {
  for (int i = begin, n; i < end; i += n) {
    const int row = i / S, a = row / M, s = i % S;
    const uint32_t id = ids[row % M], last = (uint32_t)V - 1;
    n = min_int(S - s, end - i);
    move(y + i, x + ((uint32_t)(a * V) + (id < last ? id : last)) * (uint32_t)S + s, n);
  }
}
