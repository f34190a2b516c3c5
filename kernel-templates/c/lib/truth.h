/// 1 or 0 for a mask, and the mask of what is not 0.
static inline V truth4(V mask) { return wasm_v128_and(mask, set1(1.0f)); }
static inline V true4(V x) { return wasm_f32x4_ne(x, set1(0.0f)); }
