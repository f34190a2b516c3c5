//! x with Pk elements more before axis k and Qk after it (fewer where negative). MODE: what stands there. VALUE, the
//! mirrored neighbours of the edge, the edge, or x over again.
//! op pad(x: f32[D0,D1,D2,D3]) -> y: f32[P0 + D0 + Q0, P1 + D1 + Q1, P2 + D2 + Q2, P3 + D3 + Q3]
//! grid (P0 + D0 + Q0) * (P1 + D1 + Q1) * (P2 + D2 + Q2) * (P3 + D3 + Q3)
//! args x, y, D0, D1, D2, D3, P0, P1, P2, P3, Q0, Q1, Q2, Q3, VALUE
//! entry pad
//#option MODE constant|reflect|edge|wrap
//#include "lib/simd.h"
//#include "lib/move.h"

/// Where the value at place i of an axis of d elements comes from; -1: from nowhere.
static inline int place(int i, int d) {
  if (i >= 0 && i < d) return i;
//#if MODE == constant
  return -1;
//#elif MODE == edge
  //: return i < 0 ? 0 : d - 1;
//#elif MODE == wrap
  //: const int rest = i % d;
  //: return rest < 0 ? rest + d : rest;
//#else
  //: if (d == 1) return 0;
  //: const int turn = 2 * (d - 1), rest = i < 0 ? -i % turn : i % turn;
  //: return rest < d ? rest : turn - rest;
//#end
}

void pad(const float *x, float *y, int D0, int D1, int D2, int D3, int P0, int P1, int P2, int P3, int Q0, int Q1,
         int Q2, int Q3, float VALUE, int begin, int end) {
  const int E1 = P1 + D1 + Q1, E2 = P2 + D2 + Q2, E3 = P3 + D3 + Q3;
  (void)Q0;
  for (int i = begin, n; i < end; i += n) {
    const int row = i / E3, c = i % E3 - P3;
    const int i0 = place(row / E2 / E1 - P0, D0), i1 = place(row / E2 % E1 - P1, D1), i2 = place(row % E2 - P2, D2);
    n = min_int(E3 - i % E3, end - i);
    if (i0 < 0 || i1 < 0 || i2 < 0) {
      fill(y + i, VALUE, n);
      continue;
    }
    const float *from = x + ((i0 * D1 + i1) * D2 + i2) * D3;
    // The row's places c .. c + n - 1: before x, of x, after x.
    for (int j = 0; j < n;) {
      const int at = c + j;
      if (at >= 0 && at < D3) {
        const int count = min_int(D3 - at, n - j);
        move(y + i + j, from + at, count);
        j += count;
      } else {
        const int p = place(at, D3);
        y[i + j++] = p < 0 ? VALUE : from[p];
      }
    }
  }
}
