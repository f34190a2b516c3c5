// What q8 and q4 have in common in weight layout `panels` (compiler/formats/layouts-cpu.ts): a header, then 16 rows
// side by side: for each group of columns its blocks of 32, then a half a row as scale. BLOCK_BYTES, COLUMNS (of a
// row in 16 bytes), OFFSET (added to what is stored) and `stored` are the format's.
enum { PANEL = 16, BLOCK = 32, SCALE_BYTES = 2 * PANEL };

/// Bytes from a vector of 4 rows to the same rows' next columns, and to the next 4 rows.
enum { VECTOR_STEP = 4 * PANEL, QUAD_STEP = 16 };

static inline int group_bytes(int G) { return G / BLOCK * BLOCK_BYTES + SCALE_BYTES; }

static inline int panel_bytes(int K, int G) { return HEADER + (K + G - 1) / G * group_bytes(G); }

/// One row of a panel.
static void gather(const char *panel, int row, float *y, int D, int G) {
  for (int i = 0; i < D; i += COLUMNS) {
    const char *group = panel + HEADER + i / G * group_bytes(G);
    const char *block = group + i % G / BLOCK * BLOCK_BYTES;
    const char *word = block + i % BLOCK / COLUMNS * VECTOR_STEP + row * 4;
    const float scale = half_small(((const uint16_t *)(group + group_bytes(G) - SCALE_BYTES))[row]) * multiplier(panel);
    for (int j = 0; j < min_int(COLUMNS, D - i); j++)
      y[i + j] = (float)(stored((const uint8_t *)word, j) - OFFSET) * scale;
  }
}
