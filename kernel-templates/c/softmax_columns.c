//! softmax(SCALE x) or its logarithm (LOG) along an axis that is not the last, four columns at a time.
//! op softmax(x: f32[A,D,S]) -> y: f32[A,D,S]
//! grid A * S
//! needs S > 1
//! args x, y, D, S, SCALE, LOG
//! entry softmax_columns
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/columns.h"
//#include "lib/softmax.h"

static void columns(const float *x, float *y, int n, int D, int S, V scale, int LOG) {
  V top = set1(LOWEST), sum = set1(0);
  for (int d = 0; d < D; d++) top = wasm_f32x4_pmax(top, get(x + d * S, n));
  for (int d = 0; d < D; d++) {
    const V u = exponent(get(x + d * S, n), top, scale), e = exp4(u);
    sum = wasm_f32x4_add(sum, e);
    put(y + d * S, LOG ? u : e, n);
  }
  const V step = last_step(sum, LOG);
  for (int d = 0; d < D; d++) put(y + d * S, finish(get(y + d * S, n), step, LOG), n);
}

void softmax_columns(const float *x, float *y, int D, int S, float SCALE, int LOG, int begin, int end) {
  for (int i = begin, n; i < end; i += n) {
    n = columns_from(i, end, S);
    const int at = column_at(i, D, S);
    columns(x + at, y + at, n, D, S, set1(SCALE), LOG);
  }
}
