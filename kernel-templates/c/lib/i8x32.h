/// 32 values of an activation, as a quantised matrix product reads them (compiler/ops/quantize_rows.ts has the
/// table). A row has whole groups of 128 columns, so that it fits every group size of weights.
typedef struct {
  /// 16-bit integers; of each 8 columns in the order 0 2, 4 6, 1 3, 5 7: a pair meets its weights in a 32-bit lane.
  int16_t wide[32];
  /// 8-bit integers; only with RELAXED.
  int8_t narrow[32];
  /// value = wide * wide_scale / X_UNIT = narrow * narrow_scale / X_UNIT; bias: -8 times the sum of wide * wide_scale
  /// or narrow * narrow_scale, for weights that are stored as what they are plus 8.
  float wide_scale, wide_bias, narrow_scale, narrow_bias;
} Block;

/// Weights' scales come as floats times 2^-112 (half_bits): this much goes to x, so that products stay in range.
#define X_UNIT 0x1p64f

static inline int row_blocks(int K) { return (K + 127) / 128 * 4; }

/// Sums of 8 columns of x with those of 4 rows of weights, as 16-bit integers in the same order.
static inline V dots_wide(const int16_t *x, V w0, V w1, V w2, V w3) {
  V a = wasm_i32x4_add(wasm_i32x4_dot_i16x8(splat32(x), w0), wasm_i32x4_dot_i16x8(splat32(x + 2), w1));
  V b = wasm_i32x4_add(wasm_i32x4_dot_i16x8(splat32(x + 4), w2), wasm_i32x4_dot_i16x8(splat32(x + 6), w3));
  return wasm_i32x4_add(a, b);
}
