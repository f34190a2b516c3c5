//! What follows the stacked query, key and value projection: rotates queries into q and keys into cache k,
//! writes values into cache v.
//! op rope_kv(qkv: f32[M,(H+2*KVH)*HD], table: f32[T,HD/2,2], k: KV[KVH,C,HD], v: KV[KVH,C,HD]) ->
//!   (q: f32[M,H*HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD])
//! grid M * (H + 2 * KVH)
//! needs HD % 2 == 0 && HD <= 1024
//! args qkv, table, q, k, v, step, H, KVH, HD, C
//! entry rope_kv
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/half.h"
//#include "lib/kv.h"
//#include "lib/rope.h"

ALONE void turn(const float *x, float *y, Turns t, int half) { rope_pairs(x, y, t, 0, half, half, 0); }

void rope_kv(const float *qkv, const float *table, float *q, KV *k, KV *v, const Step *step, int H, int KVH,
             int HD, int C, int begin, int end) {
  const int heads = H + 2 * KVH;
  float turned[1024];
  for (int i = begin; i < end; i++) {
    const int m = i / heads, h = i % heads, position = (int)step->past + m;
    const float *from = qkv + i * HD;
    if (h < H) {
      turn(from, q + (m * H + h) * HD, turns_at(table, position, HD / 2, C), HD / 2);
    } else if (h < H + KVH) {
      turn(from, turned, turns_at(table, position, HD / 2, C), HD / 2);
      kv_put(turned, k + (uint32_t)((h - H) * C + position) * (uint32_t)kv_size(HD), HD);
    } else {
      kv_put(from, v + (uint32_t)((h - H - KVH) * C + position) * (uint32_t)kv_size(HD), HD);
    }
  }
}
