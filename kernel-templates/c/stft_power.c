//! Short-time Fourier transform by its definition: frame f, bin k is the sum over n of window[n] times the sample
//! at f HOP + n times e^(-2 pi i n k / NFFT), which table holds at n k mod NFFT as (cos, sin). NFFT may be any
//! number. CENTER: frames lie around their time, with samples mirrored at both ends. PARTS 1: the power |.|²; 2: real
//! and imaginary part side by side. Samples n and NFFT - n meet the same cosine and opposite sines: their sum and
//! difference are taken first. An item is 8 frames by 64 bins.
//! op stft_power(x: f32[B,S], window: f32[NFFT], table: f32[NFFT,2]) -> y: f32[B,FRAMES,BINS * PARTS]
//! grid B * ceil(FRAMES / 8) * ceil(BINS / 64)
//! args x, window, table, y, S, NFFT, HOP, FRAMES, BINS, CENTER, PARTS
//! entry stft_power
//#include "lib/simd.h"

enum { AT_ONCE = 8, TILE = 64, SAMPLES = 128 };

/// Sample i of a signal whose ends are mirrors.
static inline float sample(const float *x, int S, int i) {
  if (i < 0) i = -i;
  return x[i < S ? i : 2 * (S - 1) - i];
}

/// Adds what `count` samples give to a bin; of them `angle` is the first one's, `stride` lies between two.
ALONE void rotate(const float *even, const float *odd, const float *table, int count, int angle, int stride, int NFFT,
                  float *re, float *im) {
  V re0 = set1(0), re1 = re0, im0 = re0, im1 = re0;
  for (int n = 0; n < count; n++, even += AT_ONCE, odd += AT_ONCE) {
    const V c = splat32(table + 2 * angle), s = splat32(table + 2 * angle + 1);
    re0 = madd(load(even), c, re0), re1 = madd(load(even + 4), c, re1);
    im0 = madd(load(odd), s, im0), im1 = madd(load(odd + 4), s, im1);
    angle += stride;
    angle -= angle >= NFFT ? NFFT : 0;
  }
  // Sums of sums: next to a loud bin, a quiet one keeps a digit more.
  store(re, wasm_f32x4_add(load(re), re0)), store(re + 4, wasm_f32x4_add(load(re + 4), re1));
  store(im, wasm_f32x4_sub(load(im), im0)), store(im + 4, wasm_f32x4_sub(load(im + 4), im1));
}

void stft_power(const float *x, const float *window, const float *table, float *y, int S, int NFFT, int HOP,
                int FRAMES, int BINS, int CENTER, int PARTS, int begin, int end) {
  float even[SAMPLES * AT_ONCE], odd[SAMPLES * AT_ONCE], re[TILE * AT_ONCE], im[TILE * AT_ONCE];
  const int tiles = (BINS + TILE - 1) / TILE, blocks = (FRAMES + AT_ONCE - 1) / AT_ONCE;
  for (int item = begin; item < end; item++) {
    const int bin = item % tiles * TILE, frame = item / tiles % blocks * AT_ONCE, signal = item / tiles / blocks;
    const int bins = min_int(TILE, BINS - bin), frames = min_int(AT_ONCE, FRAMES - frame);
    for (int i = 0; i < bins * AT_ONCE; i += 4) store(re + i, set1(0)), store(im + i, set1(0));
    for (int from = 0; from <= NFFT / 2; from += SAMPLES) {
      const int count = min_int(SAMPLES, NFFT / 2 + 1 - from);
      for (int i = 0; i < count; i++)
        for (int j = 0; j < AT_ONCE; j++) {
          // Frames beyond the last are the last once more.
          const int at = (frame + min_int(j, frames - 1)) * HOP - (CENTER ? NFFT / 2 : 0), n = from + i;
          const float *signal_x = x + signal * S;
          const float a = window[n] * sample(signal_x, S, at + n);
          const int twin = n > 0 && 2 * n != NFFT;
          const float b = twin ? window[NFFT - n] * sample(signal_x, S, at + NFFT - n) : 0;
          even[i * AT_ONCE + j] = a + b;
          odd[i * AT_ONCE + j] = twin ? a - b : 0;
        }
      for (int k = 0; k < bins; k++) {
        const uint32_t stride = (uint32_t)(bin + k) % (uint32_t)NFFT;
        const uint32_t angle = (uint32_t)((uint64_t)stride * (uint32_t)from % (uint32_t)NFFT);
        rotate(even, odd, table, count, (int)angle, (int)stride, NFFT, re + k * AT_ONCE, im + k * AT_ONCE);
      }
    }
    for (int j = 0; j < frames; j++) {
      float *to = y + ((signal * FRAMES + frame + j) * BINS + bin) * PARTS;
      for (int k = 0; k < bins; k++) {
        const float a = re[k * AT_ONCE + j], b = im[k * AT_ONCE + j];
        if (PARTS == 1) to[k] = a * a + b * b;
        else to[2 * k] = a, to[2 * k + 1] = b;
      }
    }
  }
}
