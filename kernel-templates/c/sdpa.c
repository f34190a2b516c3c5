//! Scaled dot product attention over activations: a block of rows of one key-value head meets each key once. Row m
//! stands at key m + L - M. Without lengths, bias, distances or masks their pointers are 0; without keys and
//! values, these stand behind the queries of each row.
//! op sdpa(q: f32[B,M,H * HD + STACKED * KVH * (HD + VD)], k?: f32[B,L,KVH * HD], v?: f32[B,L,KVH * VD], len?: u32[B], bias?: f32[BB,HB,M,L],
//!   distances?: f32[H,2 * SPAN + 1], mask?: f32[MB,M,L],
//!   keymask?: f32[KB,L]) -> y: f32[B,M,H * VD]
//! grid B * KVH * ceil(M * (H / KVH) / 4)
//! needs HD <= 512 && VD <= 512 && H % KVH == 0
//! args q, k, v, len, bias, distances, mask, keymask, y, step, M, L, H, KVH, HD, VD, SCALE, CAUSAL, WINDOW, SOFTCAP, SPAN, BB, HB, MB, KB
//! entry sdpa
//#option TOKENS none|rows|both
//#include "lib/simd.h"
//#include "lib/step.h"
//#include "lib/element_f32.h"
//#include "lib/math.h"
//#include "lib/rows.h"
//#include "lib/attend.h"

// Whether rows and keys are the tokens of the step; M and L may then be more.
//#if TOKENS == none
enum { STEP_ROWS = 0, STEP_KEYS = 0 };
//#elif TOKENS == rows
//: enum { STEP_ROWS = 1, STEP_KEYS = 0 };
//#else
//: enum { STEP_ROWS = 1, STEP_KEYS = 1 };
//#end

/// What is added to the scores of a row, by key; null where there is none.
typedef struct {
  const float *bias, *distances, *mask, *keys;
  /// The key at which the row stands.
  int position;
} Terms;

/// A bias at or below -1e38 hides its key.
static inline float hiding(float term) { return term <= -1e38f ? HIDDEN : term; }

static inline float terms_at(const Terms *t, int key, int SPAN) {
  float sum = 0;
  if (t->bias) sum += hiding(t->bias[key]);
  if (t->distances) {
    const int distance = key - t->position;
    sum += hiding(t->distances[min_int(distance < -SPAN ? -SPAN : distance, SPAN) + SPAN]);
  }
  if (t->mask) sum += hiding(t->mask[key]);
  if (t->keys) sum += hiding(t->keys[key]);
  return sum;
}

ALONE void add_terms(Block *b, int g, const Terms *terms, int at, int count, int SPAN) {
  const int alone = stands_alone(b, g);
  float *s = (float *)b->s[g];
  for (int j = 0; j < count; j++)
    if (alone) s[j] += terms_at(terms, at + j, SPAN);
    else
      for (int i = 0; i < 4; i++) s[4 * j + i] += terms_at(terms + i, at + j, SPAN);
}

/// Vectors of `n` floats, a head's of each key: as they are, or with zeros up to whole vectors of four.
static Vectors heads(const float *from, int stride, int count, int n, float *tile) {
  if (n % 4 == 0) return (Vectors){from, stride};
  float *to = tile;
  for (int j = 0; j < count; j++, from += stride)
    for (int d = 0; d < n; d += 4, to += 4) store(to, get(from + d, min_int(4, n - d)));
  return (Vectors){tile, whole(n)};
}

void sdpa(const float *q, const float *k, const float *v, const uint32_t *len, const float *bias,
          const float *distances, const float *mask, const float *keymask, float *y, const Step *step, int M, int L, int H, int KVH, int HD,
          int VD, float SCALE, int CAUSAL, int WINDOW, float SOFTCAP, int SPAN, int BB, int HB, int MB, int KB, int begin,
          int end) {
  Block b;
  Terms terms[MAX_ROWS];
  b.HD = whole(HD), b.VD = whole(VD);
  const int rows = STEP_ROWS ? (int)step->seq : M, keys = STEP_KEYS ? rows : L;
  // Floats from one row to the next.
  int q_row = H * HD, k_row = KVH * HD, v_row = KVH * VD;
  if (!k) {
    k = q + H * HD, v = k + KVH * HD;
    q_row = k_row = v_row = H * HD + KVH * (HD + VD);
  }
  const int share = H / KVH, items = (M * share + 3) / 4, wide = b.HD > b.VD ? b.HD : b.VD;
  const int most = block_groups(wide), turn = turn_keys(wide);
  for (int item = begin, groups; item < end; item += groups) {
    const int batch = item / items / KVH, head = item / items % KVH, start = item % items * 4;
    groups = min_int(min_int(most, end - item), items - item % items);
    b.rows = min_int(4 * groups, rows * share - start);
    if (b.rows <= 0) continue;
    uint32_t numbers[MAX_ROWS];
    for (int i = 0; i < filled(&b); i++) {
      // Rows, in each the query heads of this key-value head.
      const int r = start + min_int(i, b.rows - 1), m = r / share, h = head * share + r % share;
      const int position = m + keys - rows;
      int to = keys;
      if (len && len[batch] < (uint32_t)to) to = (int)len[batch];
      if (CAUSAL) to = min_int(to, position + 1);
      if (WINDOW > 0) to = min_int(to, position + WINDOW);
      b.to[i] = to;
      b.from[i] = WINDOW > 0 && position >= WINDOW ? position - WINDOW + 1 : 0;
      numbers[i] = (uint32_t)((batch * rows + m) * H + h);
      put_query(&b, i, q + (uint32_t)(batch * rows + m) * (uint32_t)q_row + h * HD, HD, SCALE);
      terms[i] = (Terms){
        bias ? bias + (uint32_t)((batch % BB * HB + h % HB) * rows + m) * (uint32_t)keys : 0,
        distances ? distances + h * (2 * SPAN + 1) : 0,
        mask ? mask + (uint32_t)(batch % MB * rows + m) * (uint32_t)keys : 0,
        keymask ? keymask + (uint32_t)(batch % KB) * (uint32_t)keys : 0,
        position,
      };
    }
    int first, last;
    block_range(&b, &first, &last);
    open_block(&b);
    for (int at = first, count; at < last; at += count) {
      count = turn_count(turn, at, last);
      const uint32_t key = (uint32_t)(batch * keys + at);
      block_scores(&b, heads(k + key * (uint32_t)k_row + head * HD, k_row, count, HD, b.tile), count);
      for (int g = 0; 4 * g < b.rows; g++) {
        cap_scores(&b, g, count, SOFTCAP);
        if (bias || distances || mask || keymask) add_terms(&b, g, terms + 4 * g, at, count, SPAN);
        bound_scores(&b, g, at, count);
      }
      block_values(&b, heads(v + key * (uint32_t)v_row + head * VD, v_row, count, VD, b.tile), count);
    }
    for (int i = 0; i < b.rows; i++) {
      const V scale = set1(row_scale(&b, i));
      float *to = y + numbers[i] * (uint32_t)VD;
      for (int d = 0; d < VD; d += 4)
        put(to + d, wasm_f32x4_mul(load(b.sum + i * b.VD + d), scale), min_int(4, VD - d));
    }
  }
}
