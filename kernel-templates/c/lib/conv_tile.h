// Convolutions as matrix products, a tile of output channels by pixels at a time: what a slice of the taps adds to
// it. Pixels lie along a vector, so that a value of x that was gathered serves every channel.
enum { CHANNELS = 32, PIXELS = 64, DEPTH = 64 };

typedef struct {
  /// Pixels of each tap: x[tap][pixel].
  float x[DEPTH * PIXELS];
  /// Taps of each channel: w[channel][tap].
  float w[CHANNELS * DEPTH];
  float sums[CHANNELS * PIXELS];
} Tile;

/// 4 channels by 8 pixels: 8 sums, which with their factors are as many as there are registers.
ALONE void products(const float *x, const float *w, float *c, int count) {
  V c00 = load(c), c01 = load(c + 4), c10 = load(c + PIXELS), c11 = load(c + PIXELS + 4);
  V c20 = load(c + 2 * PIXELS), c21 = load(c + 2 * PIXELS + 4);
  V c30 = load(c + 3 * PIXELS), c31 = load(c + 3 * PIXELS + 4);
#pragma clang loop unroll(disable)
  for (int k = 0; k < count; k++, x += PIXELS, w++) {
    const V x0 = load(x), x1 = load(x + 4), w0 = splat32(w);
    c00 = madd(x0, w0, c00), c01 = madd(x1, w0, c01);
    const V w1 = splat32(w + DEPTH);
    c10 = madd(x0, w1, c10), c11 = madd(x1, w1, c11);
    const V w2 = splat32(w + 2 * DEPTH);
    c20 = madd(x0, w2, c20), c21 = madd(x1, w2, c21);
    const V w3 = splat32(w + 3 * DEPTH);
    c30 = madd(x0, w3, c30), c31 = madd(x1, w3, c31);
  }
  store(c, c00), store(c + 4, c01), store(c + PIXELS, c10), store(c + PIXELS + 4, c11);
  store(c + 2 * PIXELS, c20), store(c + 2 * PIXELS + 4, c21);
  store(c + 3 * PIXELS, c30), store(c + 3 * PIXELS + 4, c31);
}

/// Adds the products of `taps` taps.
static void add_taps(Tile *t, int channels, int pixels, int taps) {
  for (int c = 0; c < channels; c += 4)
    for (int p = 0; p < pixels; p += 8) products(t->x + p, t->w + c * DEPTH, t->sums + c * PIXELS + p, taps);
}

/// No sums, and no weights of channels that are there only to make fours.
static void clear_tile(Tile *t, int channels) {
  for (int i = 0; i < channels * PIXELS; i += 4) store(t->sums + i, set1(0));
  for (int i = channels * DEPTH; i < ((channels + 3) & ~3) * DEPTH; i += 4) store(t->w + i, set1(0));
  for (int i = channels * PIXELS; i < ((channels + 3) & ~3) * PIXELS; i += 4) store(t->sums + i, set1(0));
}
