// What is done to the sums of a convolution. EPI: add: ACT(sum + bias) + r; add_act: ACT(sum + bias + r).
//#option EPI none|add|add_act
//#include "lib/act.h"
//#include "lib/rows.h"

/// n pixels of a channel; `sums` are whole vectors.
ALONE void finish(const float *sums, float bias, const float *r, float *y, int n) {
  for (int i = 0; i < n; i += 4) {
    const int left = min_int(4, n - i);
    V v = wasm_f32x4_add(load(sums + i), set1(bias));
//#if EPI == add_act
    //: v = wasm_f32x4_add(v, get(r + i, left));
//#end
    v = act4(v);
//#if EPI == add
    //: v = wasm_f32x4_add(v, get(r + i, left));
//#elif EPI == none
    (void)r;
//#end
    put(y + i, v, left);
  }
}
