//! A step of an LSTM after its products: cy = open(f) c + open(i) tanh(g), h = open(o) tanh(cy). ORDER: how the
//! four gates are stacked; ifgo in PyTorch, iofg in ONNX.
//! op lstm_cell(gates: f32[B,4 * HID], c: f32[B,HID]) -> (h: f32[B,HID], cy: f32[B,HID])
//! grid B * ceil(HID / 64)
//! args gates, c, h, cy, HID
//! entry lstm_cell
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/math.h"
//#option ORDER ifgo|iofg
//#if ORDER == iofg
//: enum { O = 1, F = 2, C = 3 };
//#else
enum { F = 1, C = 2, O = 3 };
//#end

void lstm_cell(const float *gates, const float *c, float *h, float *cy, int HID, int begin, int end) {
  const int parts = (HID + 63) / 64;
  for (int item = begin; item < end; item++) {
    const int row = item / parts, from = item % parts * 64, to = min_int(from + 64, HID);
    const float *gate = gates + row * 4 * HID;
    for (int k = from; k < to; k += 4) {
      const int n = min_int(4, to - k), i = row * HID + k;
      const V fresh = wasm_f32x4_mul(sigmoid4(get(gate + k, n)), tanh4(get(gate + C * HID + k, n)));
      const V cell = madd(sigmoid4(get(gate + F * HID + k, n)), get(c + i, n), fresh);
      put(cy + i, cell, n);
      put(h + i, wasm_f32x4_mul(sigmoid4(get(gate + O * HID + k, n)), tanh4(cell)), n);
    }
  }
}
