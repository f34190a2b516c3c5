//! Whisper's scale of log-mels: (max(x, max(x) - 8) + 4) / 4, the maximum over all of a signal.
//! op whisper_scale(x: f32[B,MELS,FRAMES]) -> y: f32[B,MELS,FRAMES]
//! grid B
//! args x, y, MELS, FRAMES
//! entry whisper_scale
//#include "lib/simd.h"
//#include "lib/rows.h"

void whisper_scale(const float *x, float *y, int MELS, int FRAMES, int begin, int end) {
  const int n = MELS * FRAMES, rest = n & 3, quads = n - rest;
  for (int b = begin; b < end; b++) {
    const float *from = x + b * n;
    float *to = y + b * n;
    V peak = splat32(from);
    for (int i = 0; i < quads; i += 4) peak = wasm_f32x4_max(peak, load(from + i));
    if (rest) peak = wasm_f32x4_max(peak, load_part(from + quads, rest, from[0]));
    peak = wasm_f32x4_max(peak, wasm_i32x4_shuffle(peak, peak, 2, 3, 0, 1));
    peak = wasm_f32x4_max(peak, wasm_i32x4_shuffle(peak, peak, 1, 0, 3, 2));
    const V lowest = wasm_f32x4_sub(peak, set1(8));
    for (int i = 0; i < n; i += 4) {
      const int left = min_int(4, n - i);
      V v = wasm_f32x4_add(wasm_f32x4_max(get(from + i, left), lowest), set1(4));
      put(to + i, wasm_f32x4_mul(v, set1(0.25f)), left);
    }
  }
}
