//! The largest, or the mean, of windows of KH x KW taps of x. COUNT_PAD: the mean is over what is padded too.
//! op pool2d(x: f32[B,C,IH,IW]) -> y: f32[B,C,OH,OW]
//! grid B * C * OH
//! args x, y, IH, IW, OH, OW, KH, KW, SH, SW, DH, DW, PT, PL, PB, PR, COUNT_PAD
//! entry pool2d
//#option OP max|avg
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/strided.h"

//#if OP == max
#define NOTHING -0x1.fffffep127f
static inline V fold(V a, V b) { return wasm_f32x4_max(a, b); }
//#else
//: #define NOTHING 0
//: static inline V fold(V a, V b) { return wasm_f32x4_add(a, b); }
//:
//: /// Of `taps` places from `at` on, `step` apart, how many lie from `from` to `size`.
//: static int places(int at, int step, int taps, int from, int size) {
//:   int count = 0;
//:   for (; taps > 0; taps--, at += step) count += at >= from && at < size;
//:   return count;
//: }
//#end

void pool2d(const float *x, float *y, int IH, int IW, int OH, int OW, int KH, int KW, int SH, int SW, int DH, int DW,
            int PT, int PL, int PB, int PR, int COUNT_PAD, int begin, int end) {
  for (int item = begin; item < end; item++) {
    const float *plane = x + item / OH * IH * IW;
    const int top = item % OH * SH - PT;
//#if OP == avg
    //: // Places before the padding there are none.
    //: const int from_row = COUNT_PAD ? -PT : 0, from_column = COUNT_PAD ? -PL : 0;
    //: const int rows = places(top, DH, KH, from_row, COUNT_PAD ? IH + PB : IH);
//#else
    (void)PB, (void)PR, (void)COUNT_PAD;
//#end
    for (int ow = 0; ow < OW; ow += 4) {
      const int left = ow * SW - PL, inside = all_inside(IW, left, SW, (KW - 1) * DW);
      V sum = set1(NOTHING);
      for (int kh = 0, h = top; kh < KH; kh++, h += DH) {
        if (h < 0 || h >= IH) continue;
        for (int kw = 0, w = left; kw < KW; kw++, w += DW)
          sum = fold(sum, take4(plane + h * IW, IW, w, SW, NOTHING, inside));
      }
//#if OP == avg
      //: float count[4];
      //: for (int i = 0; i < 4; i++) {
      //:   const int columns = inside ? KW : places(left + i * SW, DW, KW, from_column, COUNT_PAD ? IW + PR : IW);
      //:   count[i] = rows * columns > 0 ? (float)(rows * columns) : 1;
      //: }
      //: sum = wasm_f32x4_div(sum, load(count));
//#end
      put(y + item * OW + ow, sum, min_int(4, OW - ow));
    }
  }
}
