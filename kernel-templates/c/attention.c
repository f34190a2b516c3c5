//! Causal softmax attention over the cache, keys 64 at a time with a running maximum: no row of scores is ever
//! stored. Query heads of a key-value head, and rows of the step, are taken 4 at a time, so that a key is read once
//! for 4.
//! op attention(q: f32[M,H*HD], k: KV[KVH,C,HD], v: KV[KVH,C,HD]) -> y: f32[M,H*HD]
//! grid KVH * ceil(M * (H / KVH) / 4)
//! needs HD % 4 == 0 && HD <= 256 && H % KVH == 0
//! needs WINDOW == 0 && SOFTCAP == 0
//! args q, k, v, y, step, M, H, KVH, HD, C, SCALE
//! entry attention
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/half.h"
//#include "lib/kv.h"
//#include "lib/math.h"

enum { KEYS = 64, MAX_HD = 256 };

/// A query and what its output is made of.
typedef struct {
  float q[MAX_HD], sum[MAX_HD];
  float *y;
  /// Keys it sees.
  int keys;
} Row;

static void open_row(Row *row, const float *q, float *y, int keys, int HD, float SCALE) {
  for (int d = 0; d < HD; d += 4) {
    store(row->q + d, wasm_f32x4_mul(load(q + d), set1(SCALE * KV_LARGE)));
    store(row->sum + d, set1(0));
  }
  row->y = y;
  row->keys = keys;
}

static void close_row(const Row *row, float total, int HD) {
  const V scale = set1(KV_REST / total);
  for (int d = 0; d < HD; d += 4) store(row->y + d, wasm_f32x4_mul(load(row->sum + d), scale));
}

/// s[j]: scores of key j with 4 rows, a lane each; -inf where a row does not see it. Two keys a turn; the last of an
/// odd number meets itself.
ALONE void scores4(const Row *rows, const KV *k, int from, int count, int HD, V *s) {
  const V limit = wasm_i32x4_make(rows[0].keys, rows[1].keys, rows[2].keys, rows[3].keys);
  for (int j = 0; j < count; j += 2, k += 2 * HD) {
    const int next = j + 1 < count;
    const KV *k1 = k + next * HD;
    V a[4], b[4];
    UNROLL for (int i = 0; i < 4; i++) a[i] = b[i] = set1(0);
    for (int d = 0; d < HD; d += 4) {
      V x0 = kv_load(k + d), x1 = kv_load(k1 + d);
      UNROLL for (int i = 0; i < 4; i++) {
        V q = load(rows[i].q + d);
        a[i] = madd(x0, q, a[i]);
        b[i] = madd(x1, q, b[i]);
      }
    }
    V s0 = wasm_f32x4_mul(sum4x4(a[0], a[1], a[2], a[3]), set1(KV_REST));
    V s1 = wasm_f32x4_mul(sum4x4(b[0], b[1], b[2], b[3]), set1(KV_REST));
    const V hidden = set1(-__builtin_inff()), at = wasm_i32x4_splat(from + j);
    s[j] = wasm_v128_bitselect(s0, hidden, wasm_i32x4_lt(at, limit));
    if (next) s[j + 1] = wasm_v128_bitselect(s1, hidden, wasm_i32x4_lt(wasm_i32x4_add(at, wasm_i32x4_splat(1)), limit));
  }
}

/// Adds to the sums of 4 rows the values weighted by s; first scales what is there. Eight columns a turn; the last 4
/// of HD may be done twice.
ALONE void values4(Row *rows, const KV *v, int count, int HD, const V *s, V scale) {
  float scales[4];
  store(scales, scale);
  for (int d = 0; d < HD; d += 8) {
    const int d1 = d + 4 < HD ? d + 4 : d;
    V a[4], b[4];
    UNROLL for (int i = 0; i < 4; i++) {
      a[i] = wasm_f32x4_mul(load(rows[i].sum + d), set1(scales[i]));
      b[i] = wasm_f32x4_mul(load(rows[i].sum + d1), set1(scales[i]));
    }
    const KV *value = v;
    const float *weights = (const float *)s;
    for (int j = 0; j < count; j++, value += HD, weights += 4) {
      V x0 = kv_load(value + d), x1 = kv_load(value + d1);
      UNROLL for (int i = 0; i < 4; i++) {
        V p = splat32(weights + i);
        a[i] = madd(x0, p, a[i]);
        b[i] = madd(x1, p, b[i]);
      }
    }
    UNROLL for (int i = 0; i < 4; i++) {
      store(rows[i].sum + d, a[i]);
      store(rows[i].sum + d1, b[i]);
    }
  }
}

static void attend4(Row *rows, const KV *k, const KV *v, int keys, int HD) {
  V s[KEYS], top = set1(-__builtin_inff()), total = set1(0);
  for (int from = 0; from < keys; from += KEYS) {
    const int count = min_int(KEYS, keys - from);
    scores4(rows, k + from * HD, from, count, HD, s);
    // Every row sees key 0, so its maximum is finite from the first turn on.
    V before = top;
    for (int j = 0; j < count; j++) top = wasm_f32x4_pmax(top, s[j]);
    V scale = exp4(wasm_f32x4_sub(before, top)), sum = set1(0);
    for (int j = 0; j < count; j++) {
      V p = exp4(wasm_f32x4_sub(s[j], top));
      sum = wasm_f32x4_add(sum, p);
      s[j] = wasm_f32x4_mul(p, set1(KV_LARGE));
    }
    total = madd(total, scale, sum);
    values4(rows, v + from * HD, count, HD, s, scale);
  }
  close_row(rows, wasm_f32x4_extract_lane(total, 0), HD);
  close_row(rows + 1, wasm_f32x4_extract_lane(total, 1), HD);
  close_row(rows + 2, wasm_f32x4_extract_lane(total, 2), HD);
  close_row(rows + 3, wasm_f32x4_extract_lane(total, 3), HD);
}

/// s: scores of one row with `count` keys, 4 keys a vector.
ALONE void scores1(const Row *row, const KV *k, int count, int HD, V *s) {
  float *out = (float *)s;
  int j = 0;
  for (; j + 4 <= count; j += 4, k += 4 * HD) {
    V a = set1(0), b = a, c = a, e = a;
    for (int d = 0; d < HD; d += 4) {
      V q = load(row->q + d);
      a = madd(q, kv_load(k + d), a);
      b = madd(q, kv_load(k + HD + d), b);
      c = madd(q, kv_load(k + 2 * HD + d), c);
      e = madd(q, kv_load(k + 3 * HD + d), e);
    }
    store(out + j, wasm_f32x4_mul(sum4x4(a, b, c, e), set1(KV_REST)));
  }
  for (; j < count; j++, k += HD) {
    V a = set1(0);
    for (int d = 0; d < HD; d += 4) a = madd(load(row->q + d), kv_load(k + d), a);
    out[j] = sum4(a) * KV_REST;
  }
  // Fill the last vector with what weighs nothing.
  for (; j % 4; j++) out[j] = -__builtin_inff();
}

ALONE void values1(Row *row, const KV *v, int count, int HD, const V *s, float scale) {
  const float *weights = (const float *)s;
  int d = 0;
  for (; d + 16 <= HD; d += 16) {
    float *sum = row->sum + d;
    V a = wasm_f32x4_mul(load(sum), set1(scale)), b = wasm_f32x4_mul(load(sum + 4), set1(scale));
    V c = wasm_f32x4_mul(load(sum + 8), set1(scale)), e = wasm_f32x4_mul(load(sum + 12), set1(scale));
    const KV *value = v + d;
    for (int j = 0; j < count; j++, value += HD) {
      V p = splat32(weights + j);
      a = madd(p, kv_load(value), a);
      b = madd(p, kv_load(value + 4), b);
      c = madd(p, kv_load(value + 8), c);
      e = madd(p, kv_load(value + 12), e);
    }
    store(sum, a), store(sum + 4, b), store(sum + 8, c), store(sum + 12, e);
  }
  for (; d < HD; d += 4) {
    V a = wasm_f32x4_mul(load(row->sum + d), set1(scale));
    for (int j = 0; j < count; j++) a = madd(splat32(weights + j), kv_load(v + j * HD + d), a);
    store(row->sum + d, a);
  }
}

static void attend1(Row *row, const KV *k, const KV *v, int HD) {
  V s[KEYS / 4];
  float top = -__builtin_inff(), total = 0;
  for (int from = 0; from < row->keys; from += KEYS) {
    const int count = min_int(KEYS, row->keys - from), vectors = (count + 3) / 4;
    scores1(row, k + from * HD, count, HD, s);
    V most = set1(top);
    for (int j = 0; j < vectors; j++) most = wasm_f32x4_pmax(most, s[j]);
    most = wasm_f32x4_pmax(most, wasm_i32x4_shuffle(most, most, 2, 3, 0, 1));
    most = wasm_f32x4_pmax(most, wasm_i32x4_shuffle(most, most, 1, 0, 3, 2));
    V sum = set1(0);
    for (int j = 0; j < vectors; j++) {
      V p = exp4(wasm_f32x4_sub(s[j], most));
      sum = wasm_f32x4_add(sum, p);
      s[j] = wasm_f32x4_mul(p, set1(KV_LARGE));
    }
    const float scale = wasm_f32x4_extract_lane(exp4(wasm_f32x4_sub(set1(top), most)), 0);
    total = total * scale + sum4(sum);
    top = wasm_f32x4_extract_lane(most, 0);
    values1(row, v + from * HD, count, HD, s, scale);
  }
  close_row(row, total, HD);
}

void attention(const float *q, const KV *k, const KV *v, float *y, const Step *step, int M, int H, int KVH, int HD,
               int C, float SCALE, int begin, int end) {
  Row rows[4];
  const int share = H / KVH, count = M * share, items = (count + 3) / 4;
  for (int item = begin; item < end; item++) {
    const int head = item / items, first = item % items * 4;
    const uint32_t at = (uint32_t)(head * C) * (uint32_t)HD;
    for (int i = 0; i < 4; i++) {
      // Rows of the step, in each the query heads of this key-value head. A last one may stand in for missing ones.
      const int r = min_int(first + i, count - 1), m = r / share;
      const uint32_t offset = (uint32_t)(m * H + head * share + r % share) * (uint32_t)HD;
      open_row(rows + i, q + offset, y + offset, (int)step->past + m + 1, HD, SCALE);
    }
    if (first + 1 == count) attend1(rows, k + at, v + at, HD);
    else attend4(rows, k + at, v + at, rows[3].keys, HD);
  }
}
