//! Rows and columns resampled: of each place the nearest neighbour, by ROUND.
//! op resize2d(x: f32[B,C,IH,IW]) -> y: f32[B,C,OH,OW]
//! grid B * C * OH
//! needs MODE == nearest
//! args x, y, IH, IW, OH, OW, MUL_H, ADD_H, DIV_H, MUL_W, ADD_W, DIV_W
//! entry resize2d_nearest
//#option ROUND round_prefer_floor|round_prefer_ceil|floor|ceil
//#include "lib/simd.h"
//#include "lib/resize.h"

static inline int nearest(const Axis *a, int o) {
  int rest, whole = place_of(a, o, &rest);
//#if ROUND == ceil
  //: whole += rest > 0;
//#elif ROUND == round_prefer_ceil
  //: whole += rest >= a->div - rest;
//#elif ROUND == round_prefer_floor
  whole += rest > a->div - rest;
//#end
  return clamped(whole, a->size);
}

void resize2d_nearest(const float *x, float *y, int IH, int IW, int OH, int OW, int MUL_H, int ADD_H, int DIV_H,
                      int MUL_W, int ADD_W, int DIV_W, int begin, int end) {
  const Axis rows = {MUL_H, ADD_H, DIV_H, IH}, columns = {MUL_W, ADD_W, DIV_W, IW};
  int places[CHUNK];
  for (int from = 0; from < OW; from += CHUNK) {
    const int n = min_int(CHUNK, OW - from);
    for (int i = 0; i < n; i++) places[i] = nearest(&columns, from + i);
    for (int item = begin; item < end; item++) {
      const float *row = x + (item / OH * IH + nearest(&rows, item % OH)) * IW;
      float *to = y + item * OW + from;
      for (int i = 0; i < n; i++) to[i] = row[places[i]];
    }
  }
}
