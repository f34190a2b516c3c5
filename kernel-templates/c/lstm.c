//! All steps of an LSTM whose products with the input are done: gates (ifgo) plus u with what the step before gave.
//! op lstm(gates: f32[B,T,4 * HID], u: f32[HID * 4 * HID]) -> y: f32[B,T,HID]
//! grid B
//! needs HID <= 4096
//! args gates, u, y, T, HID
//! entry lstm
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/math.h"

enum { UNITS = 4096 };

void lstm(const float *gates, const float *u, float *y, int T, int HID, int begin, int end) {
  float cells[UNITS];
  for (int b = begin; b < end; b++) {
    for (int k = 0; k < HID; k++) cells[k] = 0;
    for (int t = 0; t < T; t++) {
      const float *gate = gates + (b * T + t) * 4 * HID;
      float *out = y + (b * T + t) * HID;
      for (int k = 0; k < HID; k += 4) {
        const int n = min_int(4, HID - k);
        V in = get(gate + k, n), keep = get(gate + HID + k, n), fresh = get(gate + 2 * HID + k, n),
          open = get(gate + 3 * HID + k, n);
        // The first step follows on zeros.
        for (int j = 0; t > 0 && j < HID; j++) {
          const V h = splat32(out - HID + j);
          const float *w = u + j * 4 * HID + k;
          in = madd(h, get(w, n), in);
          keep = madd(h, get(w + HID, n), keep);
          fresh = madd(h, get(w + 2 * HID, n), fresh);
          open = madd(h, get(w + 3 * HID, n), open);
        }
        const V cell = madd(sigmoid4(keep), get(cells + k, n), wasm_f32x4_mul(sigmoid4(in), tanh4(fresh)));
        put(cells + k, cell, n);
        put(out + k, wasm_f32x4_mul(sigmoid4(open), tanh4(cell)), n);
      }
    }
  }
}
