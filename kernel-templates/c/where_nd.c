//! y = a where c is not 0, else b, over five axes, each by strides, of which 0 repeats.
//! op where_nd(c: f32[NC], a: f32[NA], b: f32[NB]) -> y: f32[D0,D1,D2,D3,D4]
//! grid D0 * D1 * D2 * D3 * D4
//! args c, a, b, y, D0, D1, D2, D3, D4, CS0, CS1, CS2, CS3, CS4, AS0, AS1, AS2, AS3, AS4, BS0, BS1, BS2, BS3, BS4
//! entry where_nd
//#include "lib/simd.h"
enum { OPERANDS = 3, CHUNK = 256 };
//#include "lib/dims.h"

static void choose(const float *c, const float *a, const float *b, float *y, int n) {
  int i = 0;
  for (; i + 4 <= n; i += 4)
    store(y + i, wasm_v128_bitselect(load(b + i), load(a + i), wasm_f32x4_eq(load(c + i), set1(0))));
  for (; i < n; i++) y[i] = c[i] != 0 ? a[i] : b[i];
}

void where_nd(const float *c, const float *a, const float *b, float *y, int D0, int D1, int D2, int D3, int D4,
              int CS0, int CS1, int CS2, int CS3, int CS4, int AS0, int AS1, int AS2, int AS3, int AS4, int BS0,
              int BS1, int BS2, int BS3, int BS4, int begin, int end) {
  const Axis axes[] = {{D0, 0, {CS0, AS0, BS0}},
                       {D1, 0, {CS1, AS1, BS1}},
                       {D2, 0, {CS2, AS2, BS2}},
                       {D3, 0, {CS3, AS3, BS3}},
                       {D4, 0, {CS4, AS4, BS4}}};
  float cs[CHUNK], as[CHUNK], bs[CHUNK];
  Walk w = {.count = 0};
  for (int k = 0; k < 5; k++) add_axis(&w, axes + k);
  begin_at(&w, begin);
  for (int i = begin, n; i < end; i += n) {
    n = row_left(&w, min_int(CHUNK, end - i));
    const int *stride = row_axis(&w)->stride;
    choose(neighbours(c + w.offset[0], n, stride[0], cs), neighbours(a + w.offset[1], n, stride[1], as),
           neighbours(b + w.offset[2], n, stride[2], bs), y + i, n);
    advance(&w, n);
  }
}
