// Rows whose length is no multiple of four.

/// The first n of four numbers, n < 4, and `fill` behind them.
static inline V load_part(const float *p, int n, float fill) {
  float part[4] = {fill, fill, fill, fill};
  for (int i = 0; i < n; i++) part[i] = p[i];
  return load(part);
}

static inline void store_part(float *p, V v, int n) {
  float part[4];
  store(part, v);
  for (int i = 0; i < n; i++) p[i] = part[i];
}

/// The first n of four numbers, n <= 4.
static inline V get(const float *p, int n) { return n == 4 ? load(p) : load_part(p, n, 0); }
static inline void put(float *p, V v, int n) {
  if (n == 4) store(p, v);
  else store_part(p, v, n);
}
