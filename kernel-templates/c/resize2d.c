//! Rows and columns resampled, by straight lines between neighbours or by Keys' cubics; EXCLUDE: cubic taps outside
//! count nothing.
//! op resize2d(x: f32[B,C,IH,IW]) -> y: f32[B,C,OH,OW]
//! grid B * C * OH
//! args x, y, IH, IW, OH, OW, MUL_H, ADD_H, DIV_H, MUL_W, ADD_W, DIV_W, CUBIC_A, EXCLUDE
//! entry resize2d
//#option MODE linear|cubic
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/resize.h"

//#if MODE == cubic
//: enum { TAPS = 4 };
//#else
enum { TAPS = 2 };
//#end

//#if MODE == cubic
//: /// Keys' kernel (1981) at a distance from 0 to 2.
//: static inline float keys(float d, float a) {
//:   if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
//:   return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
//: }
//#end

/// Offsets of an element's neighbours along an axis, and the weight of each.
typedef struct {
  int at[TAPS];
  float weight[TAPS];
} Taps;

static Taps taps_of(const Axis *a, int o, int stride, float CUBIC_A, int EXCLUDE) {
  Taps taps;
  int rest, first = place_of(a, o, &rest);
  const float t = (float)rest / (float)a->div;
//#if MODE == cubic
  //: first--;
  //: float total = 0;
  //: UNROLL for (int i = 0; i < TAPS; i++) {
  //:   const float d = t + 1 - (float)i;
  //:   taps.weight[i] = keys(d < 0 ? -d : d, CUBIC_A);
  //:   if (EXCLUDE && clamped(first + i, a->size) != first + i) taps.weight[i] = 0;
  //:   total += taps.weight[i];
  //: }
  //: UNROLL for (int i = 0; i < TAPS; i++) taps.weight[i] = EXCLUDE ? taps.weight[i] / total : taps.weight[i];
//#else
  taps.weight[0] = 1 - t, taps.weight[1] = t;
  (void)CUBIC_A, (void)EXCLUDE;
//#end
  UNROLL for (int i = 0; i < TAPS; i++) taps.at[i] = clamped(first + i, a->size) * stride;
  return taps;
}

/// Four elements of a row that begin with column i.
static inline V four(const float *row, const Taps *t, int i) {
  V sum = set1(0);
  UNROLL for (int k = 0; k < TAPS; k++) {
    const V v = wasm_f32x4_make(row[t[i].at[k]], row[t[i + 1].at[k]], row[t[i + 2].at[k]], row[t[i + 3].at[k]]);
    const V w = wasm_f32x4_make(t[i].weight[k], t[i + 1].weight[k], t[i + 2].weight[k], t[i + 3].weight[k]);
    sum = madd(v, w, sum);
  }
  return sum;
}

void resize2d(const float *x, float *y, int IH, int IW, int OH, int OW, int MUL_H, int ADD_H, int DIV_H, int MUL_W,
              int ADD_W, int DIV_W, float CUBIC_A, int EXCLUDE, int begin, int end) {
  const Axis rows = {MUL_H, ADD_H, DIV_H, IH}, columns = {MUL_W, ADD_W, DIV_W, IW};
  Taps across[CHUNK];
  for (int from = 0; from < OW; from += CHUNK) {
    const int n = min_int(CHUNK, OW - from);
    // Of the last, as many as fill a vector.
    for (int i = 0; i < ((n + 3) & ~3); i++)
      across[i] = taps_of(&columns, from + min_int(i, n - 1), 1, CUBIC_A, EXCLUDE);
    for (int item = begin; item < end; item++) {
      const Taps down = taps_of(&rows, item % OH, IW, CUBIC_A, EXCLUDE);
      const float *plane = x + item / OH * IH * IW;
      for (int i = 0; i < n; i += 4) {
        V sum = set1(0);
        UNROLL for (int k = 0; k < TAPS; k++)
          sum = madd(four(plane + down.at[k], across, i), set1(down.weight[k]), sum);
        put(y + item * OW + from + i, sum, min_int(4, n - i));
      }
    }
  }
}
