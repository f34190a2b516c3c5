// What is done to the sums of a matrix product before they are stored.
//#option EPI none|add|glu
//#include "lib/act.h"

/// Stores outputs n .. n + 7 of a row, those below N. glu: sums alternate gate and up, four outputs from n / 2 on.
/// b is null where there is no bias. Not inlined: an activation is longer than the call.
ALONE void finish8(V s0, V s1, const float *r, const float *b, float *y, int n, int N) {
  float part[8];
  const int count = min_int(8, N - n);
  if (b) {
    const float *bias = b + n;
    if (count < 8) {
      for (int i = 0; i < count; i++) part[i] = bias[i];
      bias = part;
    }
    s0 = wasm_f32x4_add(s0, load(bias));
    s1 = wasm_f32x4_add(s1, load(bias + 4));
  }
//#if EPI == glu
  //: (void)r;
  //: V gate = wasm_i32x4_shuffle(s0, s1, 0, 2, 4, 6), up = wasm_i32x4_shuffle(s0, s1, 1, 3, 5, 7);
  //: V out = wasm_f32x4_mul(act4(gate), up);
  //: if (count == 8) {
  //:   store(y + n / 2, out);
  //:   return;
  //: }
  //: store(part, out);
  //: for (int i = 0; i < count / 2; i++) y[n / 2 + i] = part[i];
//#else
//#if ACT != none
  //: store(part, s0);
  //: store(part + 4, s1);
  //: // In a loop, so that the function is there once.
  //: for (int i = 0; i < 8; i += 4) store(part + i, act4(load(part + i)));
  //: s0 = load(part), s1 = load(part + 4);
//#end
  float *to = count < 8 ? part : y + n;
//#if EPI == add
  //: const float *rest = r + n;
  //: if (count < 8) {
  //:   for (int i = 0; i < count; i++) part[i] = rest[i];
  //:   rest = part;
  //: }
  //: s0 = wasm_f32x4_add(s0, load(rest));
  //: s1 = wasm_f32x4_add(s1, load(rest + 4));
//#else
  (void)r;
//#end
  store(to, s0);
  store(to + 4, s1);
  if (count < 8)
    for (int i = 0; i < count; i++) y[n + i] = part[i];
//#end
}

/// Row m of r, which is null where there is none.
static inline const float *row_of(const float *r, int m, int LDY) { return r ? r + (uint32_t)m * (uint32_t)LDY : r; }
