//! The middle axis made one number by OP: along rows four elements at a time, else four columns.
//! op reduce(x: f32[A,D,S]) -> y: f32[A,S]
//! grid A * S
//! args x, y, D, S
//! entry reduce
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/columns.h"
//#include "lib/reduce_ops.h"

/// Lanes 0 .. n - 1 at x, x + step, …, `count` of them, two at a time: one addition waits for another. Parts of PART
/// first, then those together: a long sum of floats loses what a short one keeps.
ALONE V fold(const float *x, int count, int step, int n, V most) {
  enum { PART = 32 };
  V all = set1(NEUTRAL);
  for (int from = 0; from < count; from += PART) {
    V a = set1(NEUTRAL), b = a;
    const int end = min_int(count, from + PART);
    int i = from;
    for (; i + 2 <= end; i += 2, x += 2 * step) {
      a = join(a, get(x, n), most);
      b = join(b, get(x + step, n), most);
    }
    if (i < end) a = join(a, get(x, n), most), x += step;
    all = merge(all, merge(a, b));
  }
  return all;
}

/// The largest of the same, of which -inf counts as the lowest number.
static V largest(const float *x, int count, int step, int n, V most) {
//#if OP == logsumexp
  //: for (int i = 0; i < count; i++) most = wasm_f32x4_pmax(most, get(x + i * step, n));
//#else
  (void)x, (void)count, (void)step, (void)n;
//#end
  return most;
}

static inline V swapped(V v, int far) {
  return far ? wasm_i32x4_shuffle(v, v, 2, 3, 0, 1) : wasm_i32x4_shuffle(v, v, 1, 0, 3, 2);
}

static float row(const float *x, int D) {
  const int quads = D / 4, rest = D & 3;
  V most = largest(x, quads, 4, 4, set1(LOWEST));
//#if OP == logsumexp
  //: const V last = load_part(x + 4 * quads, rest, -__builtin_inff());
  //: most = wasm_f32x4_pmax(most, last);
  //: most = wasm_f32x4_pmax(most, swapped(most, 1));
  //: most = wasm_f32x4_pmax(most, swapped(most, 0));
//#else
  const V last = load_part(x + 4 * quads, rest, NEUTRAL);
//#end
  V all = join(fold(x, quads, 4, 4, most), last, most);
  all = merge(all, swapped(all, 1));
  return wasm_f32x4_extract_lane(result(merge(all, swapped(all, 0)), most, D), 0);
}

void reduce(const float *x, float *y, int D, int S, int begin, int end) {
  for (int i = begin, n; i < end; i += n) {
    n = 1;
    if (S == 1) {
      y[i] = row(x + i * D, D);
      continue;
    }
    n = columns_from(i, end, S);
    const float *from = x + column_at(i, D, S);
    const V most = largest(from, D, S, n, set1(LOWEST));
    put(y + i, result(fold(from, D, S, n, most), most, D), n);
  }
}
