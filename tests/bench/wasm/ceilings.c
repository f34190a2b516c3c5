// What the engine can do at most: reading memory, and multiply-adds from registers.
#include <stdint.h>
#include <wasm_simd128.h>

typedef v128_t V;

/// Reads `bytes` (a multiple of 128) `times` times.
int read_all(const char *from, int bytes, int times) {
  V s[4] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0), wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
  for (int t = 0; t < times; t++)
    for (const char *p = from, *end = from + bytes; p != end; p += 128)
      _Pragma("clang loop unroll(full)") for (int i = 0; i < 8; i++)
        s[i & 3] = wasm_i32x4_add(s[i & 3], wasm_v128_load(p + 16 * i));
  s[0] = wasm_i32x4_add(wasm_i32x4_add(s[0], s[1]), wasm_i32x4_add(s[2], s[3]));
  return wasm_i32x4_extract_lane(s[0], 0) + wasm_i32x4_extract_lane(s[0], 1) + wasm_i32x4_extract_lane(s[0], 2) +
         wasm_i32x4_extract_lane(s[0], 3);
}

/// `times` turns of 24 multiply-adds to 12 sums: as in a matrix product, none waits for the one before it, and a
/// factor is loaded now and then.
float madds(const float *p, int times) {
  V sums[12];
  for (int i = 0; i < 12; i++) sums[i] = wasm_f32x4_splat((float)i);
  V b = wasm_f32x4_splat(1);
  for (int t = 0; t < times; t++) {
    V a = wasm_v128_load(p + (t & 7) * 8);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; i++)
      sums[i] = wasm_f32x4_relaxed_madd(a, b, sums[i]);
    a = wasm_v128_load(p + (t & 7) * 8 + 4);
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 12; i++)
      sums[i] = wasm_f32x4_relaxed_madd(a, b, sums[i]);
    b = wasm_v128_xor(b, a);
  }
  V all = sums[0];
  for (int i = 1; i < 12; i++) all = wasm_f32x4_add(all, sums[i]);
  return wasm_f32x4_extract_lane(all, 0);
}
