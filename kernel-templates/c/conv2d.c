//! Convolution: tiles of channels by pixels, or, where each channel has a kernel of its own, row by row.
//! op conv2d(x: f32[B,CIN,IH,IW], w: W[COUT,CIN / GROUPS * KH * KW], b?: f32[COUT], r?: f32[B,COUT,OH,OW]) ->
//!   y: f32[B,COUT,OH,OW]
//! grid B * GROUPS * ceil(COUT / GROUPS / 32) * ceil(OH * OW / 64)
//! args x, w, w_scale, b, r, y, CIN, IH, IW, COUT, OH, OW, KH, KW, SH, SW, DH, DW, PT, PL, GROUPS, G
//! entry conv2d
//#include "lib/simd.h"
//#include "lib/decode.h"
//#include "lib/conv_finish.h"
//#include "lib/conv_tile.h"
//#include "lib/strided.h"

typedef struct {
  int IH, IW, OW, KH, KW, SH, SW, DH, DW, PT, PL;
} Sizes;

/// `count` pixels of y from p on, of taps [tap, tap + taps) of x, whose first channel is at `x`.
ALONE void gather(const float *x, const Sizes *s, int p, int count, int tap, int taps, float *to) {
  const int row = p / s->OW, column = p % s->OW;
  int kw = tap % s->KW, kh = tap / s->KW % s->KH;
  x += tap / s->KW / s->KH * s->IH * s->IW;
  for (int k = 0; k < taps; k++, to += PIXELS) {
    const int left = kw * s->DW - s->PL, top = kh * s->DH - s->PT;
    for (int i = 0, oh = row, ow = column; i < count; oh++, ow = 0) {
      const int n = min_int(count - i, s->OW - ow), ih = oh * s->SH + top;
      const int inside = ih >= 0 && ih < s->IH;
      take(x + (inside ? ih * s->IW : 0), inside ? s->IW : 0, ow * s->SW + left, s->SW, n, 0, to + i);
      i += n;
    }
    if (++kw < s->KW) continue;
    kw = 0;
    if (++kh < s->KH) continue;
    kh = 0;
    x += s->IH * s->IW;
  }
}

/// Pixels of row oh from ow on, of a channel with a kernel of its own: `quads` fours of them.
INLINE void window(const int quads, const float *x, const float *w, const Sizes *s, int oh, int ow, int inside,
                   float *to) {
  V sums[4];
  UNROLL for (int i = 0; i < quads; i++) sums[i] = set1(0);
  for (int kh = 0, ih = oh * s->SH - s->PT; kh < s->KH; kh++, ih += s->DH, w += s->KW) {
    if (ih < 0 || ih >= s->IH) continue;
    const float *row = x + ih * s->IW;
    for (int kw = 0, at = ow * s->SW - s->PL; kw < s->KW; kw++, at += s->DW) {
      const V weight = splat32(w + kw);
      UNROLL for (int i = 0; i < quads; i++)
        sums[i] = madd(take4(row, s->IW, at + i * 4 * s->SW, s->SW, 0, inside), weight, sums[i]);
    }
  }
  UNROLL for (int i = 0; i < quads; i++) store(to + i * 4, sums[i]);
}

/// Sixteen pixels, none of them at an edge.
ALONE void window16(const float *x, const float *w, const Sizes *s, int oh, int ow, float *to) {
  if (s->SW == 1) {
    const Sizes one = {s->IH, s->IW, s->OW, s->KH, s->KW, s->SH, 1, s->DH, s->DW, s->PT, s->PL};
    window(4, x, w, &one, oh, ow, 1, to);
  } else
    window(4, x, w, s, oh, ow, 1, to);
}

ALONE void window4(const float *x, const float *w, const Sizes *s, int oh, int ow, int inside, float *to) {
  window(1, x, w, s, oh, ow, inside, to);
}

/// `count` pixels from p on of such a channel; up to three more are written.
static void windows(const float *x, const float *w, const Sizes *s, int p, int count, float *to) {
  const int reach = (s->KW - 1) * s->DW;
  for (int i = 0, oh = p / s->OW, ow = p % s->OW; i < count; oh++, ow = 0) {
    const int end = i + min_int(count - i, s->OW - ow);
    while (i < end) {
      const int left = ow * s->SW - s->PL;
      const int wide = end - i > 12 && all_inside(s->IW, left, s->SW, 12 * s->SW + reach);
      if (wide) window16(x, w, s, oh, ow, to + i);
      else window4(x, w, s, oh, ow, all_inside(s->IW, left, s->SW, reach), to + i);
      i += wide ? 16 : 4, ow += wide ? 16 : 4;
    }
    i = end;
  }
}

void conv2d(const float *x, const char *w, const uint16_t *w_scale, const float *b, const float *r, float *y, int CIN,
            int IH, int IW, int COUT, int OH, int OW, int KH, int KW, int SH, int SW, int DH, int DW, int PT, int PL,
            int GROUPS, int G, int begin, int end) {
  Tile t;
  const int gin = CIN / GROUPS, gout = COUT / GROUPS, K = gin * KH * KW, pixels = OH * OW, plane = IH * IW;
  Sizes s = {IH, IW, OW, KH, KW, SH, SW, DH, DW, PT, PL};
  // A product of matrices: rows of pixels are one.
  if (KH * KW == 1 && SH * SW == 1 && PT == 0 && PL == 0 && IH == OH && IW == OW) s.IH = 1, s.IW = s.OW = pixels;
  const int parts = (pixels + PIXELS - 1) / PIXELS, blocks = (gout + CHANNELS - 1) / CHANNELS;
  // A tile has fours of channels: one or two that share nothing with others are less work one by one.
  const int alone = gin == 1 && gout < 3 && K <= CHANNELS * DEPTH;
  for (int item = begin, together = 1; item < end; item += together) {
    // Channels alone need no tile of sums: its place is for more pixels of them.
    if (alone) together = min_int(min_int(end - item, parts - item % parts), DEPTH - 1);
    const int p = item % parts * PIXELS, count = min_int(PIXELS * together, pixels - p);
    const int block = item / parts % blocks, image = item / parts / blocks, group = image % GROUPS;
    const int from = group * gout + block * CHANNELS, channels = min_int(CHANNELS, gout - block * CHANNELS);
    const float *in = x + image * gin * plane;
    if (!alone) clear_tile(&t, channels);
    for (int k = 0; k < K && !alone; k += DEPTH) {
      const int taps = min_int(DEPTH, K - k);
      gather(in, &s, p, count, k, taps, t.x);
      for (int c = 0; c < channels; c++) decode(w, w_scale, from + c, K, G, k, k + taps, t.w + c * DEPTH);
      add_taps(&t, channels, count, taps);
    }
    for (int c = 0; c < channels; c++) {
      const int at = (image / GROUPS * COUT + from + c) * pixels + p;
      if (alone) {
        decode(w, w_scale, from + c, K, G, 0, K, t.w);
        windows(in, t.w, &s, p, count, t.x);
      }
      finish(alone ? t.x : t.sums + c * PIXELS, b ? b[from + c] : 0, r ? r + at : r, y + at, count);
    }
  }
}
