//! y = OP(a, b) over five axes, a and b each by strides, of which 0 repeats.
//! op binary_nd(a: f32[NA], b: f32[NB]) -> y: f32[D0,D1,D2,D3,D4]
//! grid D0 * D1 * D2 * D3 * D4
//! args a, b, y, D0, D1, D2, D3, D4, AS0, AS1, AS2, AS3, AS4, BS0, BS1, BS2, BS3, BS4
//! entry binary_nd
//#include "lib/simd.h"
//#include "lib/binary_run.h"
enum { OPERANDS = 2, CHUNK = 256 };
//#include "lib/dims.h"

void binary_nd(const float *a, const float *b, float *y, int D0, int D1, int D2, int D3, int D4, int AS0, int AS1,
               int AS2, int AS3, int AS4, int BS0, int BS1, int BS2, int BS3, int BS4, int begin, int end) {
  const Axis axes[] = {
      {D0, 0, {AS0, BS0}}, {D1, 0, {AS1, BS1}}, {D2, 0, {AS2, BS2}}, {D3, 0, {AS3, BS3}}, {D4, 0, {AS4, BS4}}};
  float as[CHUNK], bs[CHUNK];
  Walk w = {.count = 0};
  for (int k = 0; k < 5; k++) add_axis(&w, axes + k);
  begin_at(&w, begin);
  for (int i = begin, n; i < end; i += n) {
    n = row_left(&w, min_int(CHUNK, end - i));
    const int *stride = row_axis(&w)->stride;
    run(neighbours(a + w.offset[0], n, stride[0], as), neighbours(b + w.offset[1], n, stride[1], bs), y + i, n);
    advance(&w, n);
  }
}
