//! y[a, m, s] = x[a, ids[m], s]. An id beyond the last means the last.
//! op gather(x: f32[A,V,S], ids: u32[M]) -> y: f32[A,M,S]
//! grid A * M * S
//! args x, ids, y, V, S, M
//! entry gather
//#include "lib/simd.h"
//#include "lib/move.h"

void gather(const float *x, const uint32_t *ids, float *y, int V, int S, int M, int begin, int end) {
  const uint32_t last = (uint32_t)V - 1;
  int s = begin % S, m = begin / S % M;
  const float *from = x + (uint32_t)(begin / S / M) * (uint32_t)(V * S);
  for (int i = begin, n; i < end; i += n, s = 0) {
    const uint32_t id = ids[m] < last ? ids[m] : last;
    n = min_int(S - s, end - i);
    move(y + i, from + id * (uint32_t)S + s, n);
    if (++m == M) m = 0, from += V * S;
  }
}
