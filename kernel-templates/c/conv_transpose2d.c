//! Transposed convolution. Pixels of y that lie SH rows and SW columns apart meet the same taps, at neighbouring
//! pixels of x: so each of these phases is a convolution without strides, and is computed as one.
//! op conv_transpose2d(x: f32[B,CIN,IH,IW], w: W[CIN,COUT / GROUPS * KH * KW], b?: f32[COUT], r?: f32[B,COUT,OH,OW]) ->
//!   y: f32[B,COUT,OH,OW]
//! grid B * GROUPS * ceil(COUT / GROUPS / 32) * SH * SW * ceil(ceil(OH / SH) * ceil(OW / SW) / 64)
//! args x, w, w_scale, b, r, y, CIN, IH, IW, COUT, OH, OW, KH, KW, SH, SW, DH, DW, PT, PL, GROUPS, G
//! entry conv_transpose2d
//#include "lib/simd.h"
//#include "lib/decode.h"
//#include "lib/conv_finish.h"
//#include "lib/conv_tile.h"
//#include "lib/strided.h"

/// Columns of a row of weights that are decoded at once.
enum { WINDOW = 512 };

/// A tap of a phase: its place in the kernel, and that of the pixel of x that the phase's first row and column meet.
typedef struct {
  int at, ih, iw;
} Tap;

/// Pixels of y that meet the same taps: rows from fh on, columns from fw on; PW of these.
typedef struct {
  int OH, OW, SH, SW, PW, fh, fw;
} Phase;

/// The taps of phase (fh, fw), those from the *next one on, DEPTH of them at most.
static int taps_of(Tap *taps, int *next, int KH, int KW, int SH, int SW, int DH, int DW, int fh, int fw) {
  int n = 0;
  for (; *next < KH * KW && n < DEPTH; ++*next) {
    const int ih = fh - *next / KW * DH, iw = fw - *next % KW * DW;
    if (ih % SH == 0 && iw % SW == 0) taps[n++] = (Tap){*next, ih / SH, iw / SW};
  }
  return n;
}

/// `count` pixels from p on of a phase with rows of PW, for one tap.
static void shifted(const float *x, int IH, int IW, const Tap *tap, int p, int count, int PW, float *to) {
  for (int i = 0, row = p / PW, column = p % PW; i < count; row++, column = 0) {
    const int n = min_int(count - i, PW - column), ih = row + tap->ih;
    const int inside = ih >= 0 && ih < IH;
    take(x + (inside ? ih * IW : 0), inside ? IW : 0, column + tap->iw, 1, n, 0, to + i);
    i += n;
  }
}

/// Of row c of the weights: n taps of `channels` channels from the first on, KHW taps each, DEPTH apart.
ALONE void pick(const char *w, const uint16_t *scales, int c, int K, int G, const Tap *taps, int n, int KHW, int first,
                int channels, float *to) {
  float window[WINDOW];
  int from = 0, end = 0;
  for (int o = 0; o < channels; o++)
    for (int i = 0; i < n; i++) {
      const int k = (first + o) * KHW + taps[i].at;
      if (k >= end) {
        from = k & -DECODED;
        end = min_int(from + WINDOW, K);
        decode(w, scales, c, K, G, from, end, window);
      }
      to[o * DEPTH + i] = window[k - from];
    }
}

/// Between `count` pixels of a phase from p on, side by side, and where they lie in a plane of y: to there, or from.
static void spread(float *dense, float *plane, const Phase *f, int p, int count, int store_them) {
  for (int i = 0, row = p / f->PW, column = p % f->PW; i < count; row++, column = 0) {
    const int n = min_int(count - i, f->PW - column), oh = row * f->SH + f->fh;
    float *to = plane + oh * f->OW + f->fw;
    // The last rows and columns of a phase may lie outside.
    const int end = oh < f->OH ? min_int(column + n, (f->OW - f->fw + f->SW - 1) / f->SW) : 0;
    if (store_them)
      for (int j = column; j < end; j++) to[j * f->SW] = dense[i + j - column];
    else
      for (int j = column; j < end; j++) dense[i + j - column] = to[j * f->SW];
    i += n;
  }
}

void conv_transpose2d(const float *x, const char *w, const uint16_t *w_scale, const float *b, const float *r, float *y,
                      int CIN, int IH, int IW, int COUT, int OH, int OW, int KH, int KW, int SH, int SW, int DH, int DW,
                      int PT, int PL, int GROUPS, int G, int begin, int end) {
  Tile t;
  Tap taps[DEPTH];
  const int gin = CIN / GROUPS, gout = COUT / GROUPS, KHW = KH * KW, K = gout * KHW;
  const int PH = (OH + SH - 1) / SH, PW = (OW + SW - 1) / SW;
  const int parts = (PH * PW + PIXELS - 1) / PIXELS, blocks = (gout + CHANNELS - 1) / CHANNELS;
  for (int item = begin; item < end; item++) {
    const int p = item % parts * PIXELS, count = min_int(PIXELS, PH * PW - p), phase = item / parts % (SH * SW);
    const int fh = phase / SW, fw = phase % SW, block = item / parts / (SH * SW) % blocks;
    const int image = item / parts / (SH * SW) / blocks, group = image % GROUPS;
    const int first = block * CHANNELS, channels = min_int(CHANNELS, gout - first);
    const Phase f = {OH, OW, SH, SW, PW, fh, fw};
    const float *in = x + image * gin * IH * IW;
    clear_tile(&t, channels);
    for (int next = 0, n; (n = taps_of(taps, &next, KH, KW, SH, SW, DH, DW, fh + PT, fw + PL)) > 0;) {
      const int together = DEPTH / n;
      for (int c = 0; c < gin; c += together) {
        const int rows = min_int(together, gin - c);
        for (int i = 0; i < rows; i++) {
          pick(w, w_scale, group * gin + c + i, K, G, taps, n, KHW, first, channels, t.w + i * n);
          for (int k = 0; k < n; k++)
            shifted(in + (c + i) * IH * IW, IH, IW, taps + k, p, count, PW, t.x + (i * n + k) * PIXELS);
        }
        add_taps(&t, channels, count, rows * n);
      }
    }
    for (int c = 0; c < channels; c++) {
      const int channel = group * gout + first + c, plane = (image / GROUPS * COUT + channel) * OH * OW;
      float *sums = t.sums + c * PIXELS;
      if (r) spread(t.x, (float *)r + plane, &f, p, count, 0);
      finish(sums, b ? b[channel] : 0, t.x, sums, count);
      spread(sums, y + plane, &f, p, count, 1);
    }
  }
}
