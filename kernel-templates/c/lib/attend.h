// Attention of a block of rows (queries), keys KEYS at a time with a running maximum of the scores: keys and values
// are read once for a block, and no row of scores is ever stored. Rows go in groups of 4, a lane each; one row left
// over goes by itself, 4 keys a vector. A row's result does not depend on which others are in its block.

// ROWS_FLOATS: queries of a block, and its sums. A turn's keys or values that are not read in place are copied to a
// tile of TILE floats.
enum { KEYS = 64, MAX_ROWS = 16, ROWS_FLOATS = 2048, TILE = 8192 };
#define HIDDEN (-__builtin_inff())

typedef struct {
  /// Floats of a query, and of a sum; whole vectors.
  int HD, VD;
  int rows;
  /// Keys that each row sees.
  int from[MAX_ROWS], to[MAX_ROWS];
  /// Of each group: the greatest score and the sum of the weights. One row's sum is that of the lanes.
  V top[MAX_ROWS / 4], total[MAX_ROWS / 4];
  /// A turn's scores of each group, then its weights.
  V s[MAX_ROWS / 4][KEYS];
  /// Of a group: 4 floats of each row in turn; one row as it is.
  float q[ROWS_FLOATS];
  float sum[ROWS_FLOATS], tile[TILE];
} Block;
// It lives on the stack, which has 64 KiB.
_Static_assert(sizeof(Block) <= 56 << 10, "a block leaves no stack to others");

/// Keys or values: a vector every `stride` elements.
typedef struct {
  const Element *at;
  int stride;
} Vectors;

static inline int whole(int n) { return (n + 3) & ~3; }

/// Groups of 4 rows that a block may have, for vectors of so many floats.
static inline int block_groups(int width) {
  const int groups = ROWS_FLOATS / 4 / width;
  return groups > MAX_ROWS / 4 ? MAX_ROWS / 4 : groups;
}

static inline V splat_max(V v) {
  v = wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
  return wasm_f32x4_pmax(v, wasm_i32x4_shuffle(v, v, 1, 0, 3, 2));
}

/// s[j]: scores of key j with 4 rows. Two keys a turn; the last of an odd number meets itself.
ALONE void scores4(const float *q, Vectors k, int count, int HD, V *s) {
  const Element *k0 = k.at;
  for (int j = 0; j < count; j += 2, k0 += 2 * k.stride) {
    const int next = j + 1 < count;
    const Element *x = k0, *y = k0 + (next ? k.stride : 0);
    const float *r = q;
    V a0 = set1(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    for (int d = HD; d > 0; d -= 4, x += 4, y += 4, r += 16) {
      const V x0 = element_load(x), x1 = element_load(y);
      const V r0 = load(r);
      a0 = madd(x0, r0, a0), b0 = madd(x1, r0, b0);
      const V r1 = load(r + 4);
      a1 = madd(x0, r1, a1), b1 = madd(x1, r1, b1);
      const V r2 = load(r + 8);
      a2 = madd(x0, r2, a2), b2 = madd(x1, r2, b2);
      const V r3 = load(r + 12);
      a3 = madd(x0, r3, a3), b3 = madd(x1, r3, b3);
    }
    s[j] = wasm_f32x4_mul(sum4x4(a0, a1, a2, a3), set1(REST));
    if (next) s[j + 1] = wasm_f32x4_mul(sum4x4(b0, b1, b2, b3), set1(REST));
  }
}

/// Scores of one row, 4 keys a vector; what is behind the last key is not yet hidden.
ALONE void scores1(const float *q, Vectors k, int count, int HD, V *s) {
  const Element *k0 = k.at;
  for (int j = 0; j < count; j += 4, k0 += 4 * k.stride) {
    const int left = count - j - 1, stride = k.stride;
    const Element *k1 = k0 + min_int(1, left) * stride, *k2 = k0 + min_int(2, left) * stride;
    const Element *k3 = k0 + min_int(3, left) * stride;
    V a = set1(0), b = a, c = a, e = a;
    for (int d = 0; d < HD; d += 4) {
      const V r = load(q + d);
      a = madd(r, element_load(k0 + d), a);
      b = madd(r, element_load(k1 + d), b);
      c = madd(r, element_load(k2 + d), c);
      e = madd(r, element_load(k3 + d), e);
    }
    s[j / 4] = wasm_f32x4_mul(sum4x4(a, b, c, e), set1(REST));
  }
}

/// Adds to the sums of 4 rows the values weighted by s; first scales what is there. Eight columns a turn; the last 4
/// of VD may be done twice.
ALONE void values4(float *sum, Vectors v, int count, int VD, const V *s, V scale) {
  const V r0 = wasm_i32x4_shuffle(scale, scale, 0, 0, 0, 0), r1 = wasm_i32x4_shuffle(scale, scale, 1, 1, 1, 1);
  const V r2 = wasm_i32x4_shuffle(scale, scale, 2, 2, 2, 2), r3 = wasm_i32x4_shuffle(scale, scale, 3, 3, 3, 3);
  float *sum1 = sum + VD, *sum2 = sum1 + VD, *sum3 = sum2 + VD;
  for (int d = 0; d < VD; d += 8) {
    const int e = d + 4 < VD ? d + 4 : d;
    V a0 = wasm_f32x4_mul(load(sum + d), r0), b0 = wasm_f32x4_mul(load(sum + e), r0);
    V a1 = wasm_f32x4_mul(load(sum1 + d), r1), b1 = wasm_f32x4_mul(load(sum1 + e), r1);
    V a2 = wasm_f32x4_mul(load(sum2 + d), r2), b2 = wasm_f32x4_mul(load(sum2 + e), r2);
    V a3 = wasm_f32x4_mul(load(sum3 + d), r3), b3 = wasm_f32x4_mul(load(sum3 + e), r3);
    const Element *x = v.at + d, *y = v.at + e;
    const float *weights = (const float *)s;
    for (int j = 0; j < count; j++, x += v.stride, y += v.stride, weights += 4) {
      const V x0 = element_load(x), x1 = element_load(y);
      V p = splat32(weights);
      a0 = madd(x0, p, a0), b0 = madd(x1, p, b0);
      p = splat32(weights + 1);
      a1 = madd(x0, p, a1), b1 = madd(x1, p, b1);
      p = splat32(weights + 2);
      a2 = madd(x0, p, a2), b2 = madd(x1, p, b2);
      p = splat32(weights + 3);
      a3 = madd(x0, p, a3), b3 = madd(x1, p, b3);
    }
    store(sum + d, a0), store(sum1 + d, a1), store(sum2 + d, a2), store(sum3 + d, a3);
    store(sum + e, b0), store(sum1 + e, b1), store(sum2 + e, b2), store(sum3 + e, b3);
  }
}

ALONE void values1(float *sum, Vectors v, int count, int VD, const V *s, V scale) {
  const float *weights = (const float *)s;
  int d = 0;
  for (; d + 16 <= VD; d += 16) {
    V a = wasm_f32x4_mul(load(sum + d), scale), b = wasm_f32x4_mul(load(sum + d + 4), scale);
    V c = wasm_f32x4_mul(load(sum + d + 8), scale), e = wasm_f32x4_mul(load(sum + d + 12), scale);
    const Element *value = v.at + d;
    for (int j = 0; j < count; j++, value += v.stride) {
      const V p = splat32(weights + j);
      a = madd(p, element_load(value), a);
      b = madd(p, element_load(value + 4), b);
      c = madd(p, element_load(value + 8), c);
      e = madd(p, element_load(value + 12), e);
    }
    store(sum + d, a), store(sum + d + 4, b), store(sum + d + 8, c), store(sum + d + 12, e);
  }
  for (; d < VD; d += 4) {
    V a = wasm_f32x4_mul(load(sum + d), scale);
    for (int j = 0; j < count; j++) a = madd(splat32(weights + j), element_load(v.at + j * v.stride + d), a);
    store(sum + d, a);
  }
}

/// Scores to weights, under the greatest score yet. Returns what earlier weights are to be scaled by.
static inline V soften(V *s, int vectors, int alone, V *top, V *total) {
  V most = *top;
  for (int j = 0; j < vectors; j++) most = wasm_f32x4_pmax(most, s[j]);
  if (alone) most = splat_max(most);
  const V scale = exp4(wasm_f32x4_sub(*top, most));
  V sum = set1(0);
  for (int j = 0; j < vectors; j++) {
    // exp4 is never 0.
    V p = wasm_v128_and(exp4(wasm_f32x4_sub(s[j], most)), wasm_f32x4_ne(s[j], set1(HIDDEN)));
    sum = wasm_f32x4_add(sum, p);
    s[j] = wasm_f32x4_mul(p, set1(LARGE));
  }
  *top = most;
  *total = madd(*total, scale, sum);
  return scale;
}

/// Begins a block: the caller has set HD, VD, rows, and for `filled` rows from, to and the query.
static inline void open_block(Block *b) {
  for (int g = 0; g * 4 < b->rows; g++) {
    // Below every score, and finite: a row may see its first key late.
    b->top[g] = set1(-3e38f);
    b->total[g] = set1(0);
  }
  for (int i = 0; i < whole(b->rows) * b->VD; i += 4) store(b->sum + i, set1(0));
}

static inline int stands_alone(const Block *b, int g) { return b->rows == 4 * g + 1; }

/// Rows with those that stand in for missing ones: the last one again, up to a whole group.
static inline int filled(const Block *b) { return b->rows % 4 == 1 ? b->rows : whole(b->rows); }

/// Vectors of a group's scores with so many keys.
static inline int vectors_of(const Block *b, int g, int count) { return stands_alone(b, g) ? (count + 3) / 4 : count; }

/// Query of row i, `n` floats scaled, and zeros up to a whole vector.
static inline void put_query(Block *b, int i, const float *q, int n, float scale) {
  const int alone = stands_alone(b, i / 4);
  float *to = b->q + i / 4 * 4 * b->HD + (i & 3) * 4;
  for (int d = 0; d < n; d += 4, to += alone ? 4 : 16)
    store(to, wasm_f32x4_mul(get(q + d, min_int(4, n - d)), set1(scale)));
}

/// The keys [*first, *last) that any row of a block sees.
static inline void block_range(const Block *b, int *first, int *last) {
  int low = 0x7fffffff, high = 0;
  for (int i = 0; i < b->rows; i++) {
    if (b->from[i] >= b->to[i]) continue;
    low = min_int(low, b->from[i]);
    if (b->to[i] > high) high = b->to[i];
  }
  *first = low;
  *last = high;
}

/// Keys a turn, where a key takes `width` floats of the tile, or 0.
static inline int turn_keys(int width) { return width * KEYS > TILE ? TILE / width & ~1 : KEYS; }

/// Keys from `at` on up to the next whole turn: turns begin at the same keys in every block.
static inline int turn_count(int turn, int at, int last) { return min_int(turn - at % turn, last - at); }

static inline void block_scores(Block *b, Vectors k, int count) {
  for (int g = 0; 4 * g < b->rows; g++) {
    if (stands_alone(b, g)) scores1(b->q + 4 * g * b->HD, k, count, b->HD, b->s[g]);
    else scores4(b->q + 4 * g * b->HD, k, count, b->HD, b->s[g]);
  }
}

/// SOFTCAP > 0 bounds the scores of group g.
static inline void cap_scores(Block *b, int g, int count, float SOFTCAP) {
  if (SOFTCAP > 0)
    for (int j = 0; j < vectors_of(b, g, count); j++)
      b->s[g][j] = wasm_f32x4_mul(tanh4(wasm_f32x4_div(b->s[g][j], set1(SOFTCAP))), set1(SOFTCAP));
}

/// Hides what rows of group g do not see from their scores with keys from `at` on.
static inline void bound_scores(Block *b, int g, int at, int count) {
  const int alone = stands_alone(b, g), vectors = vectors_of(b, g, count);
  V *s = b->s[g];
  // First key that a lane sees less that of its first vector, and how many it sees from there on.
  const V lane = wasm_i32x4_make(0, 1, 2, 3), first = wasm_i32x4_splat(at);
  V low = wasm_i32x4_sub(load(b->from + 4 * g), first), high = wasm_i32x4_sub(load(b->to + 4 * g), first);
  if (alone) {
    low = wasm_i32x4_sub(wasm_i32x4_shuffle(low, low, 0, 0, 0, 0), lane);
    high = wasm_i32x4_min(wasm_i32x4_shuffle(high, high, 0, 0, 0, 0), wasm_i32x4_splat(count));
    high = wasm_i32x4_sub(high, lane);
  }
  const V last = wasm_i32x4_splat(alone ? 4 * vectors - 4 : count - 1);
  if (!wasm_v128_any_true(wasm_v128_or(wasm_i32x4_gt(low, wasm_i32x4_splat(0)), wasm_i32x4_le(high, last)))) return;
  V key = wasm_i32x4_splat(0);
  for (int j = 0; j < vectors; j++, key = wasm_i32x4_add(key, wasm_i32x4_splat(alone ? 4 : 1)))
    s[j] = wasm_v128_bitselect(s[j], set1(HIDDEN), wasm_v128_and(wasm_i32x4_ge(key, low), wasm_i32x4_lt(key, high)));
}

static inline void block_values(Block *b, Vectors v, int count) {
  for (int g = 0; 4 * g < b->rows; g++) {
    const int alone = stands_alone(b, g);
    const V scale = soften(b->s[g], vectors_of(b, g, count), alone, b->top + g, b->total + g);
    if (alone) values1(b->sum + 4 * g * b->VD, v, count, b->VD, b->s[g], scale);
    else values4(b->sum + 4 * g * b->VD, v, count, b->VD, b->s[g], scale);
  }
}

/// Sum of a row's weights.
static inline float row_total(const Block *b, int i) {
  const int g = i / 4;
  return stands_alone(b, g) ? sum4(b->total[g]) : ((const float *)(b->total + g))[i & 3];
}

/// What a row's sum is to be scaled by: 0 where it sees no key.
static inline float row_scale(const Block *b, int i) {
  const float total = row_total(b, i);
  return total == 0 ? 0 : REST / total;
}
