//! Part of the attention of one query row: CHUNK of the keys that the row sees, for the query heads that share them,
//! so that a long context is shared out over threads (Flash-Decoding, Dao et al. 2023).
//! op attention_split(q: f32[1, H * HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD]) ->
//!   (part: f32[H,SPLITS,HD], stats: f32[H,SPLITS,2])
//! grid KVH * ceil(KEYS / CHUNK)
//! needs HD % 4 == 0 && HD <= 512 && H % KVH == 0
//! args q, k, v, part, stats, step, H, KVH, HD, C, SCALE, CHUNK, SPLITS, WINDOW, SOFTCAP
//! entry attention_split
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/half.h"
//#include "lib/kv.h"
//#include "lib/math.h"
//#include "lib/rows.h"
//#include "lib/attend.h"
//#include "lib/attend_kv.h"

void attention_split(const float *q, const KV *k, const KV *v, float *part, float *stats, const Step *step, int H,
                     int KVH, int HD, int C, float SCALE, int CHUNK, int SPLITS, int WINDOW, float SOFTCAP, int begin,
                     int end) {
  Block b;
  b.HD = b.VD = HD;
  const int share = H / KVH, most = 4 * block_groups(HD), past = (int)step->past;
  const int start = first_seen(past, WINDOW), splits = (past - start) / CHUNK + 1;
  for (int item = begin; item < end; item++) {
    const int head = item / splits, split = item % splits, from = start + split * CHUNK;
    const uint32_t at = (uint32_t)(head * C) * (uint32_t)kv_size(HD);
    for (int first = 0; first < share; first += most) {
      const int h = head * share + first;
      b.rows = min_int(most, share - first);
      for (int i = 0; i < filled(&b); i++) {
        b.from[i] = from;
        b.to[i] = min_int(from + CHUNK, past + 1);
        put_query(&b, i, q + (h + min_int(i, b.rows - 1)) * HD, HD, SCALE * LARGE);
      }
      attend(&b, k + at, v + at, SOFTCAP);
      for (int i = 0; i < b.rows; i++) {
        const uint32_t row = (uint32_t)((h + i) * SPLITS + split);
        for (int d = 0; d < HD; d += 4)
          store(part + row * (uint32_t)HD + d, wasm_f32x4_mul(load(b.sum + i * HD + d), set1(REST)));
        stats[2 * row] = ((const float *)b.top)[i];
        stats[2 * row + 1] = row_total(&b, i);
      }
    }
  }
}
