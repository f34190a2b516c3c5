//! Adds the parts that attention_split made of one query row, each brought to the greatest score of all.
//! op attention_merge(part: f32[H,SPLITS,HD], stats: f32[H,SPLITS,2]) -> y: f32[1, H * HD]
//! grid H
//! needs HD % 4 == 0
//! args part, stats, y, step, HD, CHUNK, SPLITS, WINDOW
//! entry attention_merge
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/math.h"

void attention_merge(const float *part, const float *stats, float *y, const Step *step, int HD, int CHUNK, int SPLITS,
                     int WINDOW, int begin, int end) {
  const int keys = (int)step->past + 1, seen = WINDOW > 0 ? min_int(keys, WINDOW) : keys;
  const int splits = (seen + CHUNK - 1) / CHUNK;
  for (int h = begin; h < end; h++) {
    const float *own = stats + h * SPLITS * 2, *from = part + (uint32_t)(h * SPLITS) * (uint32_t)HD;
    float *to = y + h * HD;
    float most = own[0], total = 0;
    for (int s = 1; s < splits; s++) most = own[2 * s] > most ? own[2 * s] : most;
    for (int d = 0; d < HD; d += 4) store(to + d, set1(0));
    for (int s = 0; s < splits; s++, from += HD) {
      const V weight = exp4(set1(own[2 * s] - most));
      total += wasm_f32x4_extract_lane(weight, 0) * own[2 * s + 1];
      for (int d = 0; d < HD; d += 4) store(to + d, madd(load(from + d), weight, load(to + d)));
    }
    const V scale = set1(1 / total);
    for (int d = 0; d < HD; d += 4) store(to + d, wasm_f32x4_mul(load(to + d), scale));
  }
}
