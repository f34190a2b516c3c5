//! Causal softmax attention over the cache: a block of query heads of one key-value head, and of rows of the step,
//! meets each key once. WINDOW 0: a row sees all keys up to its own; SOFTCAP 0: scores have no bound.
//! op attention(q: f32[M,H*HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD]) -> y: f32[M,H*HD]
//! grid KVH * ceil(M * (H / KVH) / 4)
//! needs HD % 4 == 0 && HD <= 512 && H % KVH == 0
//! args q, k, v, y, step, M, H, KVH, HD, C, SCALE, WINDOW, SOFTCAP
//! entry attention
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/half.h"
//#include "lib/kv.h"
//#include "lib/math.h"
//#include "lib/rows.h"
//#include "lib/attend.h"
//#include "lib/attend_kv.h"

void attention(const float *q, const KV *k, const KV *v, float *y, const Step *step, int M, int H, int KVH, int HD,
               int C, float SCALE, int WINDOW, float SOFTCAP, int begin, int end) {
  Block b;
  b.HD = b.VD = HD;
  const int share = H / KVH, count = M * share, items = (count + 3) / 4, most = block_groups(HD);
  for (int item = begin, groups; item < end; item += groups) {
    const int head = item / items, first = item % items * 4;
    groups = min_int(min_int(most, end - item), items - item % items);
    b.rows = min_int(4 * groups, count - first);
    // Rows of the step, in each the query heads of this key-value head.
    uint32_t offsets[MAX_ROWS];
    for (int i = 0; i < filled(&b); i++) {
      const int r = first + min_int(i, b.rows - 1), m = r / share;
      b.to[i] = (int)step->past + m + 1;
      b.from[i] = first_seen(b.to[i] - 1, WINDOW);
      offsets[i] = (uint32_t)(m * H + head * share + r % share) * (uint32_t)HD;
      put_query(&b, i, q + offsets[i], HD, SCALE * LARGE);
    }
    const uint32_t at = (uint32_t)(head * C) * (uint32_t)kv_size(HD);
    attend(&b, k + at, v + at, SOFTCAP);
    for (int i = 0; i < b.rows; i++) {
      const V scale = set1(row_scale(&b, i));
      for (int d = 0; d < HD; d += 4) store(y + offsets[i] + d, wasm_f32x4_mul(load(b.sum + i * HD + d), scale));
    }
  }
}
