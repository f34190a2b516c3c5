// What is done to the sums of a matrix product before they are stored.
//#option EPI none|add|glu
//#include "lib/math.h"

/// Stores outputs n .. n + 7 of a row, those below N. glu: sums alternate gate and up, four outputs from n / 2 on.
static inline void finish8(V s0, V s1, const float *r, float *y, int n, int N) {
//#if EPI == glu
  //: (void)r;
  //: V gate = wasm_i32x4_shuffle(s0, s1, 0, 2, 4, 6), up = wasm_i32x4_shuffle(s0, s1, 1, 3, 5, 7);
  //: V out = wasm_f32x4_mul(silu4(gate), up);
  //: if (n + 8 <= N) {
  //:   store(y + n / 2, out);
  //:   return;
  //: }
  //: float last[4];
  //: store(last, out);
  //: for (int i = 0; i < (N - n) / 2; i++) y[n / 2 + i] = last[i];
//#else
  if (n + 8 <= N) {
//#if EPI == add
    //: s0 = wasm_f32x4_add(s0, load(r + n));
    //: s1 = wasm_f32x4_add(s1, load(r + n + 4));
//#else
    (void)r;
//#end
    store(y + n, s0);
    store(y + n + 4, s1);
    return;
  }
  float last[8];
  store(last, s0);
  store(last + 4, s1);
//#if EPI == add
  //: for (int i = 0; i < N - n; i++) y[n + i] = last[i] + r[n + i];
//#else
  for (int i = 0; i < N - n; i++) y[n + i] = last[i];
//#end
//#end
}

/// Row m of r, which is null where there is none.
static inline const float *row_of(const float *r, int m, int LDY) { return r ? r + (uint32_t)m * (uint32_t)LDY : r; }
