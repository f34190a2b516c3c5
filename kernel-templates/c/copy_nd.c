//! y[i0, …, i5] = x[X0 + i0 XS0 + … + i5 XS5]: transposes, slices, reversals, expansions, tilings.
//! op copy_nd(x: f32[XN]) -> y: f32[D0,D1,D2,D3,D4,D5]
//! grid D0 * D1 * D2 * D3 * D4 * D5
//! args x, y, D0, D1, D2, D3, D4, D5, XS0, XS1, XS2, XS3, XS4, XS5, X0
//! entry copy_nd
//#include "lib/simd.h"
//#include "lib/move.h"
enum { OPERANDS = 1 };
//#include "lib/dims.h"

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
    else collect(y + i, from, n, stride);
    advance(&w, n);
  }
}
