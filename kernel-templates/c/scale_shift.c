//! ACT(x * scale + shift), scale and shift by channel.
//! op scale_shift(x: f32[B,C,S], scale: f32[C], shift: f32[C]) -> y: f32[B,C,S]
//! grid B * C * S
//! args x, scale, shift, y, C, S
//! entry scale_shift
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/act.h"

/// n: a multiple of four; `step` is 1 where neighbours are channels, 0 where they are one channel's places. Alone, so
/// that the activation is compiled once.
ALONE void run(const float *x, const float *scale, const float *shift, float *y, int n, int step) {
  V s = splat32(scale), t = splat32(shift);
  for (int i = 0; i < n; i += 4) {
    if (step) s = load(scale + i), t = load(shift + i);
    store(y + i, act4(madd(load(x + i), s, t)));
  }
}

void scale_shift(const float *x, const float *scale, const float *shift, float *y, int C, int S, int begin, int end) {
  const int step = S == 1, length = step ? C : S;
  for (int i = begin, stop; i < end; i = stop) {
    stop = min_int(end, i / length * length + length);
    const int c = i / S % C, n = stop - i, rest = n & 3, quads = n - rest;
    run(x + i, scale + c, shift + c, y + i, quads, step);
    if (!rest) continue;
    float last[12];
    const int from = c + step * quads, count = step ? rest : 1;
    store(last, load_part(x + i + quads, rest, 0));
    store(last + 4, load_part(scale + from, count, 0));
    store(last + 8, load_part(shift + from, count, 0));
    run(last, last + 4, last + 8, last, 4, step);
    store_part(y + i + quads, load(last), rest);
  }
}
