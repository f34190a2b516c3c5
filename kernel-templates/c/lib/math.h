/// e^x within 2 units in the last place for -87.33 <= x <= 88.37; inf above, 2^-126 below (never 0, never
/// subnormal: far below what a sum with 1 can see).
static inline V exp4(V x) {
  x = wasm_f32x4_pmin(wasm_f32x4_pmax(x, set1(-87.33654f)), set1(88.8f));
  // x = n ln 2 + r, |r| <= ln 2 / 2; ln 2 in two parts, so that n times the first is exact.
  V n = wasm_f32x4_nearest(wasm_f32x4_mul(x, set1(1.44269504f)));
  V r = madd(n, set1(-0.693359375f), x);
  r = madd(n, set1(2.12194440e-4f), r);
  // Minimax polynomial of (e^r - 1 - r) / r^2.
  V p = madd(set1(1.9875691500e-4f), r, set1(1.3981999507e-3f));
  p = madd(p, r, set1(8.3334519073e-3f));
  p = madd(p, r, set1(4.1665795894e-2f));
  p = madd(p, r, set1(1.6666665459e-1f));
  p = madd(p, r, set1(5.0000001201e-1f));
  p = wasm_f32x4_add(madd(p, wasm_f32x4_mul(r, r), r), set1(1.0f));
  V power = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
  return wasm_f32x4_mul(p, power);
}

/// x / (1 + e^-x) within 4 units in the last place.
static inline V silu4(V x) {
  return wasm_f32x4_div(x, wasm_f32x4_add(set1(1.0f), exp4(wasm_f32x4_neg(x))));
}

/// ln((1 + f) 2^e) for sqrt(1/2) <= 1 + f < sqrt(2), within 2 units in the last place; e: integers.
static inline V log4_parts(V f, V e) {
  V ef = wasm_f32x4_convert_i32x4(e), z = wasm_f32x4_mul(f, f);
  // Minimax polynomial of (ln(1 + f) - f + f^2 / 2) / f^3.
  V p = madd(set1(7.0376836292e-2f), f, set1(-1.1514610310e-1f));
  p = madd(p, f, set1(1.1676998740e-1f));
  p = madd(p, f, set1(-1.2420140846e-1f));
  p = madd(p, f, set1(1.4249322787e-1f));
  p = madd(p, f, set1(-1.6668057665e-1f));
  p = madd(p, f, set1(2.0000714765e-1f));
  p = madd(p, f, set1(-2.4999993993e-1f));
  p = madd(p, f, set1(3.3333331174e-1f));
  p = wasm_f32x4_mul(wasm_f32x4_mul(p, f), z);
  p = madd(ef, set1(-2.12194440e-4f), p);
  p = madd(z, set1(-0.5f), p);
  return madd(ef, set1(0.693359375f), wasm_f32x4_add(f, p));
}

/// e of ln((1 + f) 2^e) for positive normal x: cut where the mantissa is sqrt(1/2), not where it is 1.
static inline V log4_exponent(V x) { return wasm_i32x4_shr(wasm_i32x4_sub(x, wasm_i32x4_splat(0x3f3504f3)), 23); }

/// ln x for positive normal x.
static inline V log4(V x) {
  V e = log4_exponent(x);
  return log4_parts(wasm_f32x4_sub(wasm_i32x4_sub(x, wasm_i32x4_shl(e, 23)), set1(1.0f)), e);
}
