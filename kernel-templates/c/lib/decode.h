// Weights of layout `rows` (compiler/formats/layouts-rows.ts) as floats, for kernels that read a weight many times.
//#option W f32|f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/half.h"

/// What columns are decoded in: a group of weights is whole ones of these.
enum { DECODED = 32 };

//#if W == f32
/// Columns [from, to) of a row of K, to y[0] and on; `from` is a multiple of DECODED. What is written ends at a
/// multiple of DECODED.
static void decode(const char *w, const uint16_t *scales, int row, int K, int G, int from, int to, float *y) {
  const float *p = (const float *)w + (uint32_t)row * (uint32_t)((K + 3) & ~3);
  (void)scales, (void)G;
  for (int k = from; k < to; k += 4, y += 4) store(y, load(p + k));
}
//#elif W == f16
//: static void decode(const char *w, const uint16_t *scales, int row, int K, int G, int from, int to, float *y) {
//:   const uint16_t *p = (const uint16_t *)w + (uint32_t)row * (uint32_t)((K + 7) & ~7);
//:   (void)scales, (void)G;
//:   for (int k = from; k < to; k += 8, y += 8) {
//:     V first, second;
//:     load_halves_small(p + k, &first, &second);
//:     store(y, wasm_f32x4_mul(first, set1(0x1p112f)));
//:     store(y + 4, wasm_f32x4_mul(second, set1(0x1p112f)));
//:   }
//: }
//#else
//: /// Four neighbours, a byte each: some bits of each byte of a word.
//: static inline uint32_t four(uint32_t word, int bit, uint32_t mask) { return word >> bit & mask; }
//:
//: static inline uint32_t word_at(const uint8_t *p, int i) { return ((const uint32_t *)p)[i]; }
//:
//: /// What is stored of 32 weights, a byte each.
//: static inline void stored32(const uint8_t *p, V *first, V *second) {
//#if W == q8 || W == q8a
//:   *first = load(p);
//:   *second = load(p + 16);
//#elif W == q4 || W == q4a
//:   const V v = load(p), low = wasm_v128_and(v, wasm_i8x16_splat(15)), high = wasm_u8x16_shr(v, 4);
//:   *first = wasm_i32x4_shuffle(low, high, 0, 4, 1, 5);
//:   *second = wasm_i32x4_shuffle(low, high, 2, 6, 3, 7);
//#elif W == q3 || W == q3a
//:   const uint32_t a = word_at(p, 0), b = word_at(p, 1), c = word_at(p, 2), m = 0x07070707, two = 0x03030303;
//:   const uint32_t six = four(a, 6, two) | four(c, 4, 0x04040404), seven = four(b, 6, two) | four(c, 5, 0x04040404);
//:   *first = wasm_u32x4_make(four(a, 0, m), four(a, 3, m), four(b, 0, m), four(b, 3, m));
//:   *second = wasm_u32x4_make(four(c, 0, m), four(c, 3, m), six, seven);
//#else
//:   const uint32_t a = word_at(p, 0), b = word_at(p, 1), m = 0x03030303;
//:   *first = wasm_u32x4_make(four(a, 0, m), four(a, 2, m), four(a, 4, m), four(a, 6, m));
//:   *second = wasm_u32x4_make(four(b, 0, m), four(b, 2, m), four(b, 4, m), four(b, 6, m));
//#end
//: }
//:
//: /// BITS of a weight; ZERO: what stands for 0; HALVES: of a group, its scale and its minimum.
//#if W == q8 || W == q8a
//: enum { BITS = 8, ZERO = 0 };
//#elif W == q4
//: enum { BITS = 4, ZERO = 8 };
//#elif W == q4a
//: enum { BITS = 4, ZERO = 0 };
//#elif W == q3
//: enum { BITS = 3, ZERO = 4 };
//#elif W == q3a
//: enum { BITS = 3, ZERO = 0 };
//#elif W == q2
//: enum { BITS = 2, ZERO = 2 };
//#else
//: enum { BITS = 2, ZERO = 0 };
//#end
//#if W == q8a || W == q4a || W == q3a || W == q2a
//: enum { HALVES = 2 };
//#else
//: enum { HALVES = 1 };
//#end
//:
//: static inline V half_of(const uint16_t *h) { return set1(half_small(*h) * 0x1p112f); }
//:
//: static void decode(const char *w, const uint16_t *scales, int row, int K, int G, int from, int to, float *y) {
//:   const int columns = G ? G : (K + DECODED - 1) & -DECODED, groups = (K + columns - 1) / columns;
//:   const uint32_t first = (uint32_t)row * (uint32_t)groups;
//:   const uint8_t *p = (const uint8_t *)w + (first * (uint32_t)columns + (uint32_t)from) / 8 * BITS;
//:   scales += first * HALVES;
//:   for (int k = from; k < to; k += DECODED, p += DECODED / 8 * BITS) {
//:     const uint16_t *halves = scales + k / columns * HALVES;
//:     const V scale = half_of(halves), base = HALVES == 2 ? half_of(halves + 1) : set1(0);
//:     V q[2];
//:     stored32(p, q, q + 1);
//:     UNROLL for (int i = 0; i < 4; i++, y += 8) {
//#if W == q8a
//:       const V h = i & 1 ? wasm_u16x8_extend_high_u8x16(q[i / 2]) : wasm_u16x8_extend_low_u8x16(q[i / 2]);
//#else
//:       const V b = wasm_i8x16_sub(q[i / 2], wasm_i8x16_splat(ZERO));
//:       const V h = i & 1 ? wasm_i16x8_extend_high_i8x16(b) : wasm_i16x8_extend_low_i8x16(b);
//#end
//:       store(y, madd(wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(h)), scale, base));
//:       store(y + 4, madd(wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(h)), scale, base));
//:     }
//:   }
//: }
//#end
