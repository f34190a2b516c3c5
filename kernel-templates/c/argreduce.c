//! Where the largest or smallest of the middle axis is: the first or the last of equals. Along rows four elements at
//! a time, else four columns.
//! op argreduce(x: f32[A,D,S]) -> y: u32[A,S]
//! grid A * S
//! args x, y, D, S
//! entry argreduce
//#option OP argmax|argmin
//#option PICK first|last
//#include "lib/simd.h"
//#include "lib/rows.h"
//#include "lib/columns.h"

/// Whether x, met after `best`, takes its place.
static inline V beats(V x, V best) {
//#if OP == argmax && PICK == first
  return wasm_f32x4_gt(x, best);
//#elif OP == argmax
  //: return wasm_f32x4_ge(x, best);
//#elif PICK == first
  //: return wasm_f32x4_lt(x, best);
//#else
  //: return wasm_f32x4_le(x, best);
//#end
}

/// Among the elements of one row: values in the lanes of `best`, their places in those of `at`.
static uint32_t best_lane(V best, V at) {
  float values[4];
  int places[4], found = 0;
  store(values, best), store(places, at);
  for (int i = 1; i < 4; i++) {
    const int equal = values[i] == values[found];
//#if PICK == first
    const int earlier = places[i] < places[found];
    if (equal ? earlier : wasm_i32x4_extract_lane(beats(set1(values[i]), set1(values[found])), 0)) found = i;
//#else
    //: const int later = places[i] > places[found];
    //: if (equal ? later : wasm_i32x4_extract_lane(beats(set1(values[i]), set1(values[found])), 0)) found = i;
//#end
  }
  return (uint32_t)places[found];
}

/// Lanes 0 .. n - 1 at x, x + step, …, `count` of them, at places from, from + 1, …; places go up by `stride`.
ALONE void scan(const float *x, int count, int step, int n, V places, int stride, V *best, V *at) {
  for (int i = 0; i < count; i++, x += step) {
    const V v = get(x, n), take = beats(v, *best);
    *best = wasm_v128_bitselect(v, *best, take);
    *at = wasm_v128_bitselect(places, *at, take);
    places = wasm_i32x4_add(places, wasm_i32x4_splat(stride));
  }
}

void argreduce(const float *x, uint32_t *y, int D, int S, int begin, int end) {
  const V zero = wasm_i32x4_splat(0), lanes = wasm_i32x4_make(0, 1, 2, 3);
  for (int i = begin, n; i < end; i += n) {
    n = S == 1 ? 1 : columns_from(i, end, S);
    const float *from = x + column_at(i, D, S);
    V best = set1(from[0]), at = zero;
    if (S == 1) {
      const int quads = D / 4, rest = D & 3;
      scan(from, quads, 4, 4, lanes, 4, &best, &at);
      // Behind a row's end its first element stands again, at its own place.
      const V inside = wasm_i32x4_lt(lanes, wasm_i32x4_splat(rest));
      const V places = wasm_v128_and(wasm_i32x4_add(lanes, wasm_i32x4_splat(4 * quads)), inside);
      V last = load_part(from + 4 * quads, rest, from[0]), take = wasm_v128_and(beats(last, best), inside);
      y[i] = best_lane(wasm_v128_bitselect(last, best, take), wasm_v128_bitselect(places, at, take));
      continue;
    }
    best = get(from, n);
    scan(from, D, S, n, zero, 1, &best, &at);
    float found[4];
    store(found, at);
    __builtin_memcpy(y + i, found, (unsigned)n * 4);
  }
}
