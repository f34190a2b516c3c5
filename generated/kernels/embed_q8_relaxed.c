// What every kernel starts with: vectors of four floats, and multiply-add.
#include <stdint.h>
#include <wasm_simd128.h>

#define RELAXED 1

typedef v128_t V;

#define UNROLL _Pragma("clang loop unroll(full)")
/// For a hot loop: in a function of its own an engine finds registers for it.
#define ALONE static __attribute__((noinline))
#define INLINE static inline __attribute__((always_inline))

static inline V load(const void *p) { return wasm_v128_load(p); }
static inline void store(void *p, V v) { wasm_v128_store(p, v); }
/// All lanes: the 32 bits at `p`.
static inline V splat32(const void *p) { return wasm_v128_load32_splat(p); }
static inline V set1(float x) { return wasm_f32x4_splat(x); }

/// a * b + c. Fused where relaxed SIMD is and the engine chooses so, else rounded twice.
static inline V madd(V a, V b, V c) {
  return wasm_f32x4_relaxed_madd(a, b, c);
}

static inline float sum4(V v) {
  v = wasm_f32x4_add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1);
}

/// Lane i: the sum of the lanes of the i-th vector.
static inline V sum4x4(V a, V b, V c, V d) {
  V ab = wasm_f32x4_add(wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), wasm_i32x4_shuffle(a, b, 2, 6, 3, 7));
  V cd = wasm_f32x4_add(wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), wasm_i32x4_shuffle(c, d, 2, 6, 3, 7));
  return wasm_f32x4_add(wasm_i32x4_shuffle(ab, cd, 0, 1, 4, 5), wasm_i32x4_shuffle(ab, cd, 2, 3, 6, 7));
}

static inline int min_int(int a, int b) { return a < b ? a : b; }

/// Part `i` of a weight, of parts of so many bytes; a weight may have more than 2 GiB.
static inline const char *panel_at(const char *w, int i, int bytes) { return w + (uint32_t)i * (uint32_t)bytes; }

/// What a kernel may read of the step at hand (runtime/format.ts has the table).
typedef struct {
  uint32_t seq, past, seed, top_k;
  float top_p, temperature;
  uint32_t sample;
  float penalty;
} Step;

// Half precision. Magnitude bits of a half, shifted to where a float32 has its exponent and mantissa, are a
// float32 that is 2^112 too small; that is exact for every finite half.
static inline V half_bits(V extended) {
  return wasm_v128_and(wasm_i32x4_shl(extended, 13), wasm_i32x4_splat((int32_t)0x8fffe000));
}

/// Four halves as floats times 2^-112.
static inline V load_half_small(const void *p) { return half_bits(wasm_i32x4_load16x4(p)); }

/// Eight halves as floats times 2^-112: fewer instructions than twice four.
static inline void load_halves_small(const void *p, V *first, V *second) {
  V h = load(p);
  V upper = wasm_v128_and(wasm_i16x8_shr(h, 3), wasm_i16x8_splat((int16_t)0x8fff)), lower = wasm_i16x8_shl(h, 13);
  *first = wasm_i16x8_shuffle(lower, upper, 0, 8, 1, 9, 2, 10, 3, 11);
  *second = wasm_i16x8_shuffle(lower, upper, 4, 12, 5, 13, 6, 14, 7, 15);
}

/// One half as a float times 2^-112.
static inline float half_small(uint16_t h) {
  return wasm_f32x4_extract_lane(half_bits(wasm_i32x4_splat((int16_t)h)), 0);
}

/// The multiplier at the head of a panel: times what a half of it is as above, it is the half's value.
enum { HEADER = 16 };
static inline float multiplier(const char *panel) { return *(const float *)panel; }

/// Bits of the nearest halves, ties to even, in the low 16 bits of each lane.
static inline V to_half(V x) {
  V sign = wasm_v128_and(wasm_u32x4_shr(x, 16), wasm_i32x4_splat(0x8000));
  V a = wasm_f32x4_abs(x);
  V odd = wasm_v128_and(wasm_u32x4_shr(a, 13), wasm_i32x4_splat(1));
  V normal = wasm_u32x4_shr(wasm_i32x4_add(wasm_i32x4_add(a, odd), wasm_i32x4_splat(0xfff - 0x38000000)), 13);
  // A step of 0.5f is 2^-24, the step of subnormal halves: the addition rounds, and leaves their count.
  V tiny = wasm_i32x4_sub(wasm_f32x4_add(a, set1(0.5f)), set1(0.5f));
  V over = wasm_v128_bitselect(wasm_i32x4_splat(0x7c00), wasm_i32x4_splat(0x7e00), wasm_f32x4_eq(x, x));
  V h = wasm_v128_bitselect(tiny, normal, wasm_i32x4_lt(a, wasm_i32x4_splat(0x38800000)));
  h = wasm_v128_bitselect(over, h, wasm_i32x4_ge(a, wasm_i32x4_splat(0x477ff000)));
  return wasm_v128_or(h, sign);
}

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

// q8.
enum { OFFSET = 128, MINIMUM = 0 };
// A byte a weight.
enum { WORDS = 8 };

/// Column j of a block, from the byte of the row's first word that is of such columns.
static inline int stored(const uint8_t *byte, int j) { return byte[j / 4 * 64]; }

// 16-bit products cost no more than 8-bit ones here, which would need the weights cut in two.
#define NARROW(wide, narrow) wide
// What the formats with scales have in common in weight layout `panels` (compiler/formats/layouts-cpu.ts): a header,
// then 16 rows side by side: for each group of columns its blocks of 32, then a half a row as scale, and with
// MINIMUM another as minimum. A row has WORDS words of a block, 4 bytes each, 64 bytes apart. OFFSET (added to what
// is stored) and `stored` are the format's.
enum { PANEL = 16, BLOCK = 32, SCALE_BYTES = 2 * PANEL, TAIL_BYTES = SCALE_BYTES * (1 + MINIMUM) };

/// Bytes from a vector of 4 rows to the same rows' next words, and to the next 4 rows.
enum { VECTOR_STEP = 4 * PANEL, QUAD_STEP = 16, BLOCK_BYTES = WORDS * VECTOR_STEP };

/// Columns of a group; G = 0: of a whole row.
static inline int group_of(int K, int G) { return G ? G : (K + BLOCK - 1) / BLOCK * BLOCK; }

static inline int group_bytes(int G) { return G / BLOCK * BLOCK_BYTES + TAIL_BYTES; }

static inline int panel_bytes(int K, int G) {
  G = group_of(K, G);
  return HEADER + (K + G - 1) / G * group_bytes(G);
}

/// One row of a panel.
static void gather(const char *panel, int row, float *y, int D, int G) {
  G = group_of(D, G);
  for (int i = 0; i < D; i += BLOCK) {
    const char *group = panel + HEADER + i / G * group_bytes(G);
    const uint8_t *words = (const uint8_t *)(group + i % G / BLOCK * BLOCK_BYTES + row * 4);
    const uint16_t *halves = (const uint16_t *)(group + group_bytes(G) - TAIL_BYTES) + row;
    const float scale = half_small(halves[0]) * multiplier(panel);
    const float min = MINIMUM ? half_small(halves[PANEL]) * multiplier(panel) : 0;
    for (int j = 0; j < min_int(BLOCK, D - i); j++) y[i + j] = (float)(stored(words + j % 4, j) - OFFSET) * scale + min;
  }
}

#define X_SCALE NARROW(wide_scale, narrow_scale)
#define X_BIAS NARROW(wide_bias, narrow_bias)

/// What takes OFFSET away again. The bias was made for 8.
static inline V block_bias(const Block *x) {
  const V bias = splat32(&x->X_BIAS);
  return OFFSET == 8 ? bias : wasm_f32x4_mul(bias, set1(OFFSET / 8.0f));
}

/// The sum of a block's columns of x.
static inline V block_total(const Block *x) { return wasm_f32x4_mul(splat32(&x->X_BIAS), set1(-0.125f)); }


enum { QUADS_AT_ONCE = 4 };

/// Sums over a block of the stored weights of QUADS x 4 rows with each of ROWS x, as integers.
INLINE void block_sums(const int ROWS, const int QUADS, const char *w, const Block *const *x, V *sums) {
  const V mask = wasm_i16x8_splat(255);
  UNROLL for (int v = 0; v < 4; v++) {
    UNROLL for (int q = 0; q < QUADS; q++) {
      const char *at = w + q * QUAD_STEP + v * 2 * VECTOR_STEP;
      V first = load(at), second = load(at + VECTOR_STEP);
      V w0 = wasm_v128_and(first, mask), w1 = wasm_v128_and(second, mask);
      V w2 = wasm_u16x8_shr(first, 8), w3 = wasm_u16x8_shr(second, 8);
      UNROLL for (int m = 0; m < ROWS; m++) {
        V s = dots_wide(x[m]->wide + v * 8, w0, w1, w2, w3);
        sums[m * QUADS + q] = v ? wasm_i32x4_add(sums[m * QUADS + q], s) : s;
      }
    }
  }
}



void embed(const uint32_t *tokens, const char *w, float *y, const Step *step, int V, int D, int G, int ROW0,
           int begin, int end) {
  const int bytes = panel_bytes(D, G);
  for (int m = begin; m < end; m++) {
    const int row = (int)(tokens[step->past + (uint32_t)m] - (uint32_t)ROW0);
    if (row < 0 || row >= V) continue;
    gather(panel_at(w, row / PANEL, bytes), row % PANEL, y + m * D, D, G);
  }
}
