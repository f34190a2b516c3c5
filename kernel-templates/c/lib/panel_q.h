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

//#if RELAXED
//: #define X_SCALE NARROW(wide_scale, narrow_scale)
//: #define X_BIAS NARROW(wide_bias, narrow_bias)
//#else
#define X_SCALE wide_scale
#define X_BIAS wide_bias
//#end

/// What takes OFFSET away again. The bias was made for 8.
static inline V block_bias(const Block *x) {
  const V bias = splat32(&x->X_BIAS);
  return OFFSET == 8 ? bias : wasm_f32x4_mul(bias, set1(OFFSET / 8.0f));
}

/// The sum of a block's columns of x.
static inline V block_total(const Block *x) { return wasm_f32x4_mul(splat32(&x->X_BIAS), set1(-0.125f)); }
