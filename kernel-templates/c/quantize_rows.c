//! Rows of an activation as integers with a scale for each 32 columns: what products with weights that have scales read.
//! op quantize_rows(x: f32[M,K]) -> y: i8x32[M,K]
//! grid M
//! args x, y, K
//! entry quantize_rows
//#include "lib/simd.h"
//#include "lib/i8x32.h"

static inline V quads(const float *x, V scale) {
  return wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest(wasm_f32x4_mul(load(x), scale)));
}

static inline V eights(const float *x, V scale) { return wasm_i16x8_narrow_i32x4(quads(x, scale), quads(x + 4, scale)); }

static inline float sum_int(V i) { return sum4(wasm_f32x4_convert_i32x4(i)); }

static void quantize(const float *x, Block *to) {
  const V one = wasm_i16x8_splat(1);
  V top = wasm_f32x4_abs(load(x));
  for (int i = 4; i < 32; i += 4) top = wasm_f32x4_pmax(top, wasm_f32x4_abs(load(x + i)));
  top = wasm_f32x4_pmax(top, wasm_i32x4_shuffle(top, top, 2, 3, 0, 1));
  top = wasm_f32x4_pmax(top, wasm_i32x4_shuffle(top, top, 1, 0, 3, 2));
  const float largest = wasm_f32x4_extract_lane(top, 0);
  // Its reciprocal must be finite; what is smaller than that is as good as 0.
  const float inverse = largest > 1e-30f ? 1.0f / largest : 0.0f;

  V sum = wasm_i32x4_splat(0);
  for (int i = 0; i < 32; i += 8) {
    V q = eights(x + i, set1(inverse * 32767.0f));
    sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(q, one));
    store(to->wide + i, wasm_i16x8_shuffle(q, q, 0, 2, 4, 6, 1, 3, 5, 7));
  }
  to->wide_scale = inverse > 0 ? largest / 32767.0f * X_UNIT : 0.0f;
  to->wide_bias = -8 * to->wide_scale * sum_int(sum);
//#if RELAXED
  //: sum = wasm_i32x4_splat(0);
  //: for (int i = 0; i < 32; i += 16) {
  //:   V scale = set1(inverse * 127.0f), a = eights(x + i, scale), b = eights(x + i + 8, scale);
  //:   sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(wasm_i16x8_add(a, b), one));
  //:   store(to->narrow + i, wasm_i8x16_narrow_i16x8(a, b));
  //: }
  //: to->narrow_scale = inverse > 0 ? largest / 127.0f * X_UNIT : 0.0f;
  //: to->narrow_bias = -8 * to->narrow_scale * sum_int(sum);
//#end
}

void quantize_rows(const float *x, Block *y, int K, int begin, int end) {
  const int blocks = row_blocks(K);
  for (int m = begin; m < end; m++) {
    const float *from = x + (uint32_t)m * (uint32_t)K;
    Block *to = y + m * blocks;
    int b = 0;
    for (; b < K / 32; b++) quantize(from + b * 32, to + b);
    for (; b < blocks; b++) {
      float rest[32];
      for (int i = 0; i < 32; i++) rest[i] = b * 32 + i < K ? from[b * 32 + i] : 0.0f;
      quantize(rest, to + b);
    }
  }
}
