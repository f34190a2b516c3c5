//! Decibel-like log of the power in bands: SCALE log10(max(filters · power, FLOOR)), bands first. Only the bins
//! between a filter's first and last that are not 0 are read: a band has few of them.
//! op mel_log(power: f32[B,FRAMES,BINS], filters: f32[MELS,BINS]) -> y: f32[B,MELS,FRAMES]
//! grid B * MELS
//! args power, filters, y, FRAMES, BINS, MELS, FLOOR, SCALE
//! entry mel_log
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/math.h"

/// Lane i: the product of `count` bins of the filter and of frame i, of those from `power` on; `frames` of them.
static inline V bands(const float *power, const float *filter, int BINS, int count, int frames) {
  const float *p[4];
  V sums[4];
  UNROLL for (int i = 0; i < 4; i++) {
    // Frames beyond the last are the last once more.
    p[i] = power + min_int(i, frames - 1) * BINS;
    sums[i] = set1(0);
  }
  for (int k = 0; k < count; k += 4) {
    const int n = min_int(4, count - k);
    const V f = get(filter + k, n);
    UNROLL for (int i = 0; i < 4; i++) sums[i] = madd(get(p[i] + k, n), f, sums[i]);
  }
  return sum4x4(sums[0], sums[1], sums[2], sums[3]);
}

void mel_log(const float *power, const float *filters, float *y, int FRAMES, int BINS, int MELS, float FLOOR,
             float SCALE, int begin, int end) {
  const V lowest = set1(FLOOR), unit = set1(SCALE * 0.4342944819f);
  for (int item = begin; item < end; item++) {
    const float *filter = filters + item % MELS * BINS;
    int first = 0, last = BINS;
    while (last > 0 && filter[last - 1] == 0) last--;
    while (first < last && filter[first] == 0) first++;
    const float *from = power + item / MELS * FRAMES * BINS + first;
    for (int f = 0; f < FRAMES; f += 4) {
      const int n = min_int(4, FRAMES - f);
      const V sum = bands(from + f * BINS, filter + first, BINS, last - first, n);
      put(y + item * FRAMES + f, wasm_f32x4_mul(log4_any(wasm_f32x4_max(sum, lowest)), unit), n);
    }
  }
}
