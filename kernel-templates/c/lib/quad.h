/// 4 x 4 elements turned: to[i * across + j] = from[j * step + i].
static inline void turn_quad(const float *from, int step, float *to, int across) {
  V r0 = load(from), r1 = load(from + step), r2 = load(from + 2 * step), r3 = load(from + 3 * step);
  V a = wasm_i32x4_shuffle(r0, r1, 0, 4, 1, 5), b = wasm_i32x4_shuffle(r2, r3, 0, 4, 1, 5);
  V c = wasm_i32x4_shuffle(r0, r1, 2, 6, 3, 7), d = wasm_i32x4_shuffle(r2, r3, 2, 6, 3, 7);
  store(to, wasm_i64x2_shuffle(a, b, 0, 2));
  store(to + across, wasm_i64x2_shuffle(a, b, 1, 3));
  store(to + 2 * across, wasm_i64x2_shuffle(c, d, 0, 2));
  store(to + 3 * across, wasm_i64x2_shuffle(c, d, 1, 3));
}
