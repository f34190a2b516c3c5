//! Element by element: add, mul, or silu(a) * b. BCAST: b is one row, for every row of a.
//! op binary(a: f32[M,D], b: f32[B,D]) -> y: f32[M,D]
//! grid M * D
//! args a, b, y, D, BCAST
//! entry binary
//#option OP add|mul|silu_mul
//#include "lib/simd.h"
//#include "lib/math.h"

static inline V apply(V a, V b) {
//#if OP == add
  return wasm_f32x4_add(a, b);
//#elif OP == mul
  //: return wasm_f32x4_mul(a, b);
//#else
  //: return wasm_f32x4_mul(silu4(a), b);
//#end
}

void binary(const float *a, const float *b, float *y, int D, int BCAST, int begin, int end) {
  for (int i = begin; i < end;) {
    const int row = BCAST ? i / D * D : 0;
    const int stop = BCAST ? min_int(end, row + D) : end;
    for (; i + 4 <= stop; i += 4) store(y + i, apply(load(a + i), load(b + i - row)));
    for (; i < stop; i++) y[i] = wasm_f32x4_extract_lane(apply(set1(a[i]), set1(b[i - row])), 0);
  }
}
