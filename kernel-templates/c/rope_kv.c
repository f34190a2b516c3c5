//! What follows the stacked query, key and value projection: norms the heads of queries and keys where there are
//! gains, turns the first F pairs of each, and writes queries to q, keys and values into their caches.
//! op rope_kv(qkv: f32[M,(H+2*KVH)*HD], table: f32[T,F,2], qg?: f32[HD], kg?: f32[HD], k: KV[KVH,C,HD],
//!   v: KV[KVH,C,HD]) -> (q: f32[M,H*HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD])
//! grid M * (H + 2 * KVH)
//! needs HD % 2 == 0 && HD <= 1024 && 2 * F <= HD
//! args qkv, table, qg, kg, q, k, v, step, H, KVH, HD, C, F, EPS
//! entry rope_kv
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/half.h"
//#include "lib/kv.h"
//#include "lib/rope.h"
//#include "lib/squares.h"

ALONE void turn(const float *x, float *y, Turns t, int F, int HD) {
  rope_pairs(x, y, t, 0, F, F, 0);
  for (int d = 2 * F; d < HD; d++) y[d] = x[d];
}

/// The head itself, or what the norm makes of it in `room`.
static const float *normed(const float *x, const float *gains, float *room, int HD, float EPS) {
  if (!gains) return x;
  scale_row(x, gains, room, HD, 1.0f / __builtin_sqrtf(squares(x, HD) / (float)HD + EPS));
  return room;
}

void rope_kv(const float *qkv, const float *table, const float *qg, const float *kg, float *q, KV *k, KV *v,
             const Step *step, int H, int KVH, int HD, int C, int F, float EPS, int begin, int end) {
  const int heads = H + 2 * KVH;
  float turned[1024], room[1024];
  for (int i = begin; i < end; i++) {
    const int m = i / heads, h = i % heads, position = (int)step->past + m;
    const float *from = qkv + i * HD;
    if (h < H) {
      turn(normed(from, qg, room, HD, EPS), q + (m * H + h) * HD, turns_at(table, position, F), F, HD);
    } else if (h < H + KVH) {
      turn(normed(from, kg, room, HD, EPS), turned, turns_at(table, position, F), F, HD);
      kv_put(turned, k + (uint32_t)((h - H) * C + position) * (uint32_t)kv_size(HD), HD);
    } else {
      kv_put(from, v + (uint32_t)((h - H - KVH) * C + position) * (uint32_t)kv_size(HD), HD);
    }
  }
}
