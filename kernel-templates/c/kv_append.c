//! Writes the rows of a step behind what the cache holds: cache[h, past + m] = x[m, h].
//! op kv_append(x: f32[M,KVH*HD], cache: KV[KVH,C,HD]) -> cache: KV[KVH,C,HD]
//! grid M * KVH
//! args x, cache, step, KVH, HD, C
//! entry kv_append
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/half.h"
//#include "lib/kv.h"

void kv_append(const float *x, KV *cache, const Step *step, int KVH, int HD, int C, int begin, int end) {
  for (int i = begin; i < end; i++) {
    const int at = (i % KVH) * C + (int)step->past + i / KVH;
    kv_put(x + i * HD, cache + (uint32_t)at * (uint32_t)kv_size(HD), HD);
  }
}
