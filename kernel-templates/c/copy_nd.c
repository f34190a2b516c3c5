//! y[i0, …, i5] = x[X0 + i0 XS0 + … + i5 XS5]: transposes, slices, reversals, expansions, tilings.
//! op copy_nd(x: f32[XN]) -> y: f32[D0,D1,D2,D3,D4,D5]
//! grid D0 * D1 * D2 * D3 * D4 * D5
//! args x, y, D0, D1, D2, D3, D4, D5, XS0, XS1, XS2, XS3, XS4, XS5, X0
//! entry copy_nd
//#include "lib/simd.h"
//#include "lib/move.h"
enum { OPERANDS = 1 };
//#include "lib/dims.h"
//#include "lib/quad.h"

/// Four rows of n elements; what they begin with are neighbours in x.
static void four_rows(const float *from, int stride, float *to, int n) {
  int j = 0;
  for (; j + 4 <= n; j += 4) turn_quad(from + j * stride, stride, to + j, n);
  for (; j < n; j++)
    for (int i = 0; i < 4; i++) to[i * n + j] = from[j * stride + i];
}

/// Whether the next four rows are whole, wanted, and neighbours in x.
static int turned(const Walk *w, int left) {
  if (w->count < 2) return 0;
  const Axis *row = row_axis(w), *outer = row - 1;
  return row->at == 0 && outer->stride[0] == 1 && outer->size - outer->at >= 4 && left >= 4 * row->size;
}

void copy_nd(const float *x, float *y, int D0, int D1, int D2, int D3, int D4, int D5, int XS0, int XS1, int XS2,
             int XS3, int XS4, int XS5, int X0, int begin, int end) {
  const Axis axes[] = {{D0, 0, {XS0}}, {D1, 0, {XS1}}, {D2, 0, {XS2}}, {D3, 0, {XS3}}, {D4, 0, {XS4}}, {D5, 0, {XS5}}};
  Walk w = {.offset = {X0}};
  for (int k = 0; k < 6; k++) add_axis(&w, axes + k);
  begin_at(&w, begin);
  for (int i = begin, n; i < end; i += n) {
    n = row_left(&w, end - i);
    const float *from = x + w.offset[0];
    const int stride = row_axis(&w)->stride[0];
    if (stride == 1) move(y + i, from, n);
    else if (stride == 0) fill(y + i, *from, n);
    else if (turned(&w, end - i)) {
      four_rows(from, stride, y + i, n);
      for (int k = 0; k < 3; k++, i += n) advance(&w, n);
    } else collect(y + i, from, n, stride);
    advance(&w, n);
  }
}
