// Functions of the circle, and back.

/// x = n pi / 2 + r, |r| <= pi / 4: r, and n modulo 4. In double, so that 2^-53 |x| is all that is lost.
static inline V quarter_turns(V x, V *n) {
  V r[2], turns[2];
  UNROLL for (int i = 0; i < 2; i++) {
    const V d = wasm_f64x2_promote_low_f32x4(i ? wasm_i64x2_shuffle(x, x, 1, 0) : x);
    const V k = wasm_f64x2_nearest(wasm_f64x2_mul(d, wasm_f64x2_splat(0.63661977236758134)));
    r[i] = wasm_f32x4_demote_f64x2_zero(wasm_f64x2_sub(d, wasm_f64x2_mul(k, wasm_f64x2_splat(1.5707963267948966))));
    const V whole = wasm_f64x2_floor(wasm_f64x2_mul(k, wasm_f64x2_splat(0.25)));
    turns[i] = wasm_i32x4_trunc_sat_f64x2_zero(wasm_f64x2_sub(k, wasm_f64x2_mul(whole, wasm_f64x2_splat(4))));
  }
  *n = wasm_i64x2_shuffle(turns[0], turns[1], 0, 2);
  return wasm_i64x2_shuffle(r[0], r[1], 0, 2);
}

/// Minimax polynomials of sin and cos, for |r| <= pi / 4.
static inline V sin4_part(V r) {
  V z = wasm_f32x4_mul(r, r), p = madd(set1(-1.95149565e-4f), z, set1(8.33215844e-3f));
  p = madd(p, z, set1(-1.66666552e-1f));
  return madd(wasm_f32x4_mul(p, z), r, r);
}

static inline V cos4_part(V r) {
  V z = wasm_f32x4_mul(r, r), p = madd(set1(2.44327857e-5f), z, set1(-1.3887313e-3f));
  p = madd(p, z, set1(4.16666456e-2f));
  return madd(wasm_f32x4_mul(p, z), z, madd(z, set1(-0.5f), set1(1.0f)));
}

static inline V odd4(V n) {
  return wasm_i32x4_ne(wasm_v128_and(n, wasm_i32x4_splat(1)), wasm_i32x4_splat(0));
}

/// sin(x + quarters pi / 2), within 2^-23 + 2^-52 |x|.
static inline V sin4_turned(V x, int quarters) {
  V n, r = quarter_turns(x, &n);
  n = wasm_i32x4_add(n, wasm_i32x4_splat(quarters));
  V y = wasm_v128_bitselect(cos4_part(r), sin4_part(r), odd4(n));
  return wasm_v128_xor(y, wasm_i32x4_shl(wasm_v128_and(n, wasm_i32x4_splat(2)), 30));
}

static inline V sin4(V x) { return sin4_turned(x, 0); }
static inline V cos4(V x) { return sin4_turned(x, 1); }

/// Within 4 units in the last place, and 2^-52 |x| off in x.
static inline V tan4(V x) {
  V n, r = quarter_turns(x, &n);
  V s = sin4_part(r), c = cos4_part(r), odd = odd4(n);
  V y = wasm_f32x4_div(wasm_v128_bitselect(c, s, odd), wasm_v128_bitselect(s, c, odd));
  return wasm_v128_bitselect(wasm_f32x4_neg(y), y, odd);
}

/// asin of x for |x| <= 1, NaN beyond; or of -1 .. 1 acos. Within 4 units in the last place, acos near 1 too.
static inline V arc4(V x, int cosine) {
  V a = wasm_f32x4_abs(x), far = wasm_f32x4_gt(a, set1(0.5f));
  // Beyond 1/2: asin a = pi / 2 - 2 asin sqrt((1 - a) / 2).
  V half = wasm_f32x4_mul(wasm_f32x4_sub(set1(1.0f), a), set1(0.5f));
  V z = wasm_v128_bitselect(half, wasm_f32x4_mul(x, x), far), s = wasm_v128_bitselect(wasm_f32x4_sqrt(half), a, far);
  // Minimax polynomial of (asin s - s) / s^3 for s <= 1/2.
  V p = madd(set1(4.21663076e-2f), z, set1(2.41795164e-2f));
  p = madd(p, z, set1(4.54703756e-2f));
  p = madd(p, z, set1(7.49529749e-2f));
  p = madd(p, z, set1(1.66667521e-1f));
  p = madd(wasm_f32x4_mul(p, z), s, s);
  const V quarter = set1(1.57079633f);
  V twice = wasm_f32x4_add(p, p);
  if (!cosine) return signed4(wasm_v128_bitselect(wasm_f32x4_sub(quarter, twice), p, far), x);
  V below = wasm_f32x4_lt(x, set1(0.0f));
  V outer = wasm_v128_bitselect(wasm_f32x4_sub(set1(3.14159265f), twice), twice, below);
  return wasm_v128_bitselect(outer, wasm_f32x4_sub(quarter, signed4(p, x)), far);
}

/// Within 3 units in the last place.
static inline V atan4(V x) {
  V a = wasm_f32x4_abs(x), one = set1(1.0f);
  // Beyond tan(pi / 8) by way of pi / 4, beyond tan(3 pi / 8) by way of pi / 2.
  V middle = wasm_f32x4_gt(a, set1(0.414213562f)), far = wasm_f32x4_gt(a, set1(2.41421356f));
  V over = wasm_v128_bitselect(wasm_f32x4_sub(a, one), a, middle);
  V under = wasm_v128_bitselect(wasm_f32x4_add(a, one), one, middle);
  V t = wasm_f32x4_div(wasm_v128_bitselect(set1(-1.0f), over, far), wasm_v128_bitselect(a, under, far));
  V base = wasm_v128_bitselect(set1(1.57079633f), wasm_v128_and(middle, set1(0.785398163f)), far);
  // Minimax polynomial of (atan t - t) / t^3.
  V z = wasm_f32x4_mul(t, t), p = madd(set1(8.05127993e-2f), z, set1(-1.38769746e-1f));
  p = madd(p, z, set1(1.997765e-1f));
  p = madd(p, z, set1(-3.33329469e-1f));
  p = madd(wasm_f32x4_mul(p, z), t, t);
  return signed4(wasm_f32x4_add(base, p), x);
}
