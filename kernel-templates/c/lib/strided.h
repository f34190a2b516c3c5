// Places of a row that lie `step` apart.

/// Four of them, all in the row: nothing behind the last is read.
static inline V load_step(const float *p, int step) {
  if (step == 1) return load(p);
  if (step == 2) return wasm_i32x4_shuffle(load(p), load(p + 3), 0, 2, 5, 7);
  return wasm_f32x4_make(p[0], p[step], p[2 * step], p[3 * step]);
}

/// `count` of them from place `at` on of a row of `size`, `fill` outside.
static void take(const float *row, int size, int at, int step, int count, float fill, float *to) {
  int i = 0;
  for (; i < count && at < 0; i++, at += step) to[i] = fill;
  const int last = size - 1 - 3 * step;
  for (; i + 4 <= count && at <= last; i += 4, at += 4 * step) store(to + i, load_step(row + at, step));
  for (; i < count && at < size; i++, at += step) to[i] = row[at];
  for (; i < count; i++) to[i] = fill;
}

/// Whether four places from `at` on, and those up to `reach` behind each, are in a row of `size`.
static inline int all_inside(int size, int at, int step, int reach) {
  return at >= 0 && at + 3 * step + reach < size;
}

/// Four of them. inside: whether all are in the row.
static inline V take4(const float *row, int size, int at, int step, float fill, int inside) {
  if (inside) return load_step(row + at, step);
  if (step == 1 && size >= 4) {
    // Four that are in the row, moved by as many lanes as they are off; lanes that nothing is moved to become 0.
    const int near = at < 0 ? 0 : min_int(at, size - 4), off = at - near;
    const V lanes = wasm_i8x16_make(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const V from = wasm_i8x16_add(lanes, wasm_i8x16_splat((int8_t)(4 * (off < -4 ? -4 : min_int(off, 4)))));
    const V there = wasm_i8x16_swizzle(wasm_i32x4_splat(-1), from);
    return wasm_v128_bitselect(wasm_i8x16_swizzle(load(row + near), from), set1(fill), there);
  }
  float part[4];
  UNROLL for (int i = 0; i < 4; i++, at += step) part[i] = at >= 0 && at < size ? row[at] : fill;
  return load(part);
}
