// y = OP(a, b) along a row.
//#include "lib/rows.h"
//#include "lib/binary_ops.h"

/// n: a multiple of four. Alone, so that the function is compiled once.
ALONE void run_quads(const float *a, const float *b, float *y, int n) {
  for (int i = 0; i < n; i += 4) store(y + i, apply(load(a + i), load(b + i)));
}

static void run(const float *a, const float *b, float *y, int n) {
  const int rest = n & 3, quads = n - rest;
  run_quads(a, b, y, quads);
  if (!rest) return;
  float last[4], other[4];
  store(last, load_part(a + quads, rest, 1));
  store(other, load_part(b + quads, rest, 1));
  run_quads(last, other, last, 4);
  store_part(y + quads, load(last), rest);
}
