//! Groups of channels normalised over channels and places, times g plus b by channel where they are, then ACT.
//! op groupnorm(x: f32[B,C,S], g?: f32[C], b?: f32[C]) -> y: f32[B,C,S]
//! grid B * GROUPS
//! needs C % GROUPS == 0
//! args x, g, b, y, C, S, GROUPS, EPS
//! entry groupnorm
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/moments.h"
//#include "lib/act.h"

/// n: a multiple of four. Alone, so that the activation is compiled once.
ALONE void run(const float *x, float *y, int n, const Moments *m, float gain, float bias) {
  const V shift = set1(m->shift), mean = set1(m->mean), scale = set1(m->scale * gain), offset = set1(bias);
  for (int i = 0; i < n; i += 4)
    store(y + i, act4(madd(wasm_f32x4_sub(wasm_f32x4_sub(load(x + i), shift), mean), scale, offset)));
}

void groupnorm(const float *x, const float *g, const float *b, float *y, int C, int S, int GROUPS, float EPS,
               int begin, int end) {
  const int channels = C / GROUPS, rest = S & 3, quads = S - rest;
  for (int group = begin; group < end; group++) {
    const Moments m = moments(x + group * channels * S, channels * S, EPS);
    for (int i = 0; i < channels; i++) {
      const int c = group % GROUPS * channels + i, at = (group * channels + i) * S;
      const float gain = g ? g[c] : 1.0f, bias = b ? b[c] : 0.0f;
      run(x + at, y + at, quads, &m, gain, bias);
      if (!rest) continue;
      float last[4];
      store(last, load_part(x + at + quads, rest, 0));
      run(last, last, 4, &m, gain, bias);
      store_part(y + at + quads, load(last), rest);
    }
  }
}
