//! A step of a GRU after its products: n = tanh(gx_n + open(r) gh_n), y = (1 - open(z)) n + open(z) h. ORDER:
//! how the three gates are stacked; rzn in PyTorch, zrn in ONNX. RESET before: gh_n has met the reset gate.
//! op gru_cell(gx: f32[B,3 * HID], gh: f32[B,3 * HID], h: f32[B,HID]) -> y: f32[B,HID]
//! grid B * ceil(HID / 64)
//! args gx, gh, h, y, HID
//! entry gru_cell
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/math.h"
//#option ORDER rzn|zrn
//#option RESET after|before
//#if ORDER == zrn
//: enum { Z = 0, R = 1, N = 2 };
//#else
enum { R = 0, Z = 1, N = 2 };
//#end

/// How far a gate is open.
static inline V gate4(const float *gx, const float *gh, int n) {
  return sigmoid4(wasm_f32x4_add(get(gx, n), get(gh, n)));
}

void gru_cell(const float *gx, const float *gh, const float *h, float *y, int HID, int begin, int end) {
  const int parts = (HID + 63) / 64;
  for (int item = begin; item < end; item++) {
    const int row = item / parts, from = item % parts * 64, to = min_int(from + 64, HID);
    const float *x = gx + row * 3 * HID, *s = gh + row * 3 * HID;
    for (int k = from; k < to; k += 4) {
      const int n = min_int(4, to - k), i = row * HID + k;
      V state = get(s + N * HID + k, n);
//#if RESET == after
      state = wasm_f32x4_mul(state, gate4(x + R * HID + k, s + R * HID + k, n));
//#end
      const V fresh = tanh4(wasm_f32x4_add(get(x + N * HID + k, n), state));
      const V z = gate4(x + Z * HID + k, s + Z * HID + k, n);
      put(y + i, madd(z, get(h + i, n), wasm_f32x4_mul(wasm_f32x4_sub(set1(1), z), fresh)), n);
    }
  }
}
