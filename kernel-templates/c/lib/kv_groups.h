// Vectors of the cache in groups of 32 elements, KV_BITS each: a word of (scale, minimum), then a word a bit.
// compiler/formats/kv.ts has the layout. A quad is four neighbouring elements, a byte each while they are whole
// numbers; the eight of a group are two vectors, `first` and `second`.
typedef uint32_t KV;
enum { KV_LEVELS = (1 << KV_BITS) - 1 };

static inline int kv_groups(int HD) { return (HD + 31) / 32; }
static inline int kv_size(int HD) { return kv_groups(HD) * (1 + KV_BITS); }
/// Decoded vectors have whole groups.
static inline int kv_width(int HD) { return kv_groups(HD) * 32; }

/// Words of (a 0, b 0, a 1, b 1) and (a 2, b 2, a 3, b 3).
static inline V even4(V a, V b) { return wasm_i32x4_shuffle(a, b, 0, 2, 4, 6); }
static inline V odd4_words(V a, V b) { return wasm_i32x4_shuffle(a, b, 1, 3, 5, 7); }

/// The byte of each word that holds the third bit of quads 0 to 3, and those of quads 4 to 7.
static inline V high_bits(int second) {
  return second ? wasm_i32x4_make(0x10101010, 0x20202020, 0x40404040, (int32_t)0x80808080)
                : wasm_i32x4_make(0x01010101, 0x02020202, 0x04040404, 0x08080808);
}

/// The words of a group behind its first.
static inline void kv_write_words(V first, V second, KV *to) {
#if KV_BITS == 8
  store(to, first);
  store(to + 4, second);
#else
  const V low = wasm_i8x16_splat(KV_BITS == 4 ? 15 : 3);
  V a = wasm_v128_and(first, low), b = wasm_v128_and(second, low);
  V words = wasm_v128_or(even4(a, b), wasm_i32x4_shl(odd4_words(a, b), KV_BITS == 4 ? 4 : 2));
#if KV_BITS == 4
  store(to, words);
#else
  words = wasm_v128_or(even4(words, words), wasm_i32x4_shl(odd4_words(words, words), 4));
  wasm_v128_store64_lane(to, words, 0);
#if KV_BITS == 3
  a = wasm_v128_and(wasm_i8x16_gt(first, low), high_bits(0));
  b = wasm_v128_and(wasm_i8x16_gt(second, low), high_bits(1));
  V high = wasm_v128_or(a, b);
  high = wasm_v128_or(high, wasm_i32x4_shuffle(high, high, 2, 3, 0, 1));
  high = wasm_v128_or(high, wasm_i32x4_shuffle(high, high, 1, 0, 3, 2));
  wasm_v128_store32_lane(to + 2, high, 0);
#endif
#endif
#endif
}

static inline void kv_read_words(const KV *from, V *first, V *second) {
#if KV_BITS == 8
  *first = load(from);
  *second = load(from + 4);
#elif KV_BITS == 4
  const V words = load(from), low = wasm_i8x16_splat(15);
  V a = wasm_v128_and(words, low), b = wasm_v128_and(wasm_u16x8_shr(words, 4), low);
  *first = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5);
  *second = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
#else
  const V words = wasm_v128_load64_zero(from), low = wasm_i8x16_splat(3);
  V a = wasm_v128_and(words, low), b = wasm_v128_and(wasm_u16x8_shr(words, 2), low);
  V c = wasm_v128_and(wasm_u16x8_shr(words, 4), low), d = wasm_v128_and(wasm_u16x8_shr(words, 6), low);
  V ab = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), cd = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5);
  *first = wasm_i64x2_shuffle(ab, cd, 0, 2);
  *second = wasm_i64x2_shuffle(ab, cd, 1, 3);
#if KV_BITS == 3
  const V high = splat32(from + 2), four = wasm_i8x16_splat(4);
  a = wasm_i8x16_eq(wasm_v128_and(high, high_bits(0)), high_bits(0));
  b = wasm_i8x16_eq(wasm_v128_and(high, high_bits(1)), high_bits(1));
  *first = wasm_v128_or(*first, wasm_v128_and(a, four));
  *second = wasm_v128_or(*second, wasm_v128_and(b, four));
#endif
#endif
}

/// Four quads to sixteen floats.
INLINE void kv_write_floats(V bytes, V scale, V min, float *to) {
  V a = wasm_u16x8_extend_low_u8x16(bytes), b = wasm_u16x8_extend_high_u8x16(bytes);
  store(to, madd(wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(a)), scale, min));
  store(to + 4, madd(wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(a)), scale, min));
  store(to + 8, madd(wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(b)), scale, min));
  store(to + 12, madd(wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(b)), scale, min));
}

ALONE const Element *kv_read(const KV *from, int count, int HD, float *tile) {
  float *to = tile;
  for (int i = count * kv_groups(HD); i > 0; i--, from += 1 + KV_BITS, to += 32) {
    const V ends = wasm_f32x4_mul(half_bits(wasm_i32x4_extend_low_i16x8(splat32(from))), set1(0x1p112f));
    const V scale = wasm_i32x4_shuffle(ends, ends, 0, 0, 0, 0), min = wasm_i32x4_shuffle(ends, ends, 1, 1, 1, 1);
    V first, second;
    kv_read_words(from + 1, &first, &second);
    kv_write_floats(first, scale, min, to);
    kv_write_floats(second, scale, min, to + 16);
  }
  return tile;
}

/// The nearest whole numbers of four quads, as bytes.
static inline V kv_quantize(const float *x, V scale, V min) {
  V q[4];
  for (int i = 0; i < 4; i++) {
    // A NaN becomes 0, and so does what stands above a minimum without steps.
    V steps = wasm_f32x4_nearest(wasm_f32x4_mul(wasm_f32x4_sub(load(x + 4 * i), min), scale));
    q[i] = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_pmin(steps, set1(KV_LEVELS)));
  }
  return wasm_u8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(q[0], q[1]), wasm_i16x8_narrow_i32x4(q[2], q[3]));
}

static inline V half_value(V h) {
  return wasm_f32x4_mul(half_bits(wasm_i32x4_extend_low_i16x8(wasm_u16x8_narrow_i32x4(h, h))), set1(0x1p112f));
}

ALONE void kv_put(const float *from, KV *to, int HD) {
  for (int left = HD; left > 0; left -= 32, from += 32, to += 1 + KV_BITS) {
    // Behind the vector's end its last element is repeated, which changes neither end.
    float x[32];
    for (int i = 0; i < 32; i++) x[i] = from[min_int(i, left - 1)];
    V low = load(x), high = low;
    for (int i = 4; i < 32; i += 4) low = wasm_f32x4_min(low, load(x + i)), high = wasm_f32x4_max(high, load(x + i));
    low = wasm_f32x4_min(low, wasm_i32x4_shuffle(low, low, 2, 3, 0, 1));
    low = wasm_f32x4_min(low, wasm_i32x4_shuffle(low, low, 1, 0, 3, 2));
    high = wasm_f32x4_max(high, wasm_i32x4_shuffle(high, high, 2, 3, 0, 1));
    high = wasm_f32x4_max(high, wasm_i32x4_shuffle(high, high, 1, 0, 3, 2));
    const V step = to_half(wasm_f32x4_div(wasm_f32x4_sub(high, low), set1(KV_LEVELS))), min = to_half(low);
    const V size = half_value(step);
    const V inverse = wasm_v128_and(wasm_f32x4_div(set1(1), size), wasm_f32x4_gt(size, set1(0)));
    to[0] = (uint32_t)wasm_i32x4_extract_lane(step, 0) | (uint32_t)wasm_i32x4_extract_lane(min, 0) << 16;
    kv_write_words(kv_quantize(x, inverse, half_value(min)), kv_quantize(x + 16, inverse, half_value(min)), to + 1);
  }
}
