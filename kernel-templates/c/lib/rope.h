// Rotary positions. The table holds cos and sin of 64 fine steps of a position, then of coarse ones of 64, `half` pairs
// each.

/// Turns of a position by pair: the products of a coarse row and a fine row of the table.
typedef struct {
  const float *coarse, *fine;
} Turns;

static inline Turns turns_at(const float *table, int position, int half) {
  return (Turns){table + (64 + position / 64) * 2 * half, table + position % 64 * 2 * half};
}

/// cos and sin of 4 pairs from pair i on.
static inline void turns4(Turns t, int i, V *cos, V *sin) {
  V c0 = load(t.coarse + 2 * i), c1 = load(t.coarse + 2 * i + 4);
  V f0 = load(t.fine + 2 * i), f1 = load(t.fine + 2 * i + 4);
  V cc = wasm_i32x4_shuffle(c0, c1, 0, 2, 4, 6), cs = wasm_i32x4_shuffle(c0, c1, 1, 3, 5, 7);
  V fc = wasm_i32x4_shuffle(f0, f1, 0, 2, 4, 6), fs = wasm_i32x4_shuffle(f0, f1, 1, 3, 5, 7);
  *cos = wasm_f32x4_sub(wasm_f32x4_mul(cc, fc), wasm_f32x4_mul(cs, fs));
  *sin = wasm_f32x4_add(wasm_f32x4_mul(cs, fc), wasm_f32x4_mul(cc, fs));
}

static inline void turns1(Turns t, int i, float *cos, float *sin) {
  const float *c = t.coarse + 2 * i, *f = t.fine + 2 * i;
  *cos = c[0] * f[0] - c[1] * f[1];
  *sin = c[1] * f[0] + c[0] * f[1];
}

/// Turns pairs [i, end) of one head's `half`: (i, i + half), or interleaved (2i, 2i + 1).
INLINE void rope_pairs(const float *x, float *y, Turns t, int i, int end, int half, int interleaved) {
  for (; i + 4 <= end; i += 4) {
    V cos, sin, a = load(x + (interleaved ? 2 * i : i)), b = load(x + (interleaved ? 2 * i + 4 : i + half));
    if (interleaved) {
      const V low = a;
      a = wasm_i32x4_shuffle(low, b, 0, 2, 4, 6), b = wasm_i32x4_shuffle(low, b, 1, 3, 5, 7);
    }
    turns4(t, i, &cos, &sin);
    const V first = wasm_f32x4_sub(wasm_f32x4_mul(a, cos), wasm_f32x4_mul(b, sin));
    const V second = wasm_f32x4_add(wasm_f32x4_mul(a, sin), wasm_f32x4_mul(b, cos));
    if (interleaved) {
      store(y + 2 * i, wasm_i32x4_shuffle(first, second, 0, 4, 1, 5));
      store(y + 2 * i + 4, wasm_i32x4_shuffle(first, second, 2, 6, 3, 7));
    } else {
      store(y + i, first);
      store(y + i + half, second);
    }
  }
  for (; i < end; i++) {
    const int at = interleaved ? 2 * i : i, other = interleaved ? at + 1 : at + half;
    float cos, sin, a = x[at], b = x[other];
    turns1(t, i, &cos, &sin);
    y[at] = a * cos - b * sin;
    y[other] = a * sin + b * cos;
  }
}
