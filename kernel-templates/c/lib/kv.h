// How the KV cache holds the vector of a head: a KV is what it is an array of, kv_size() of them a vector.
//   kv_put(from, to, HD)            stores a vector
//   kv_read(from, count, HD, tile)  vectors as Elements, kv_width(HD) apart: where they are, or decoded into tile
//#option KV f32|f16|q8|q4|q3|q2
//#if KV == f32
//#include "lib/element_f32.h"
//#include "lib/kv_plain.h"
static inline void kv_store(KV *p, V v) { store(p, v); }
static inline void kv_store1(KV *p, float x) { *p = x; }
//#elif KV == f16
//#include "lib/element_f16.h"
//#include "lib/kv_plain.h"
//: static inline void kv_store(KV *p, V v) {
//:   v = to_half(v);
//:   wasm_v128_store64_lane(p, wasm_u16x8_narrow_i32x4(v, v), 0);
//: }
//: static inline void kv_store1(KV *p, float x) { *p = (KV)wasm_i32x4_extract_lane(to_half(set1(x)), 0); }
//#else
//#include "lib/element_f32.h"
//#if KV == q8
//: #define KV_BITS 8
//#elif KV == q4
//: #define KV_BITS 4
//#elif KV == q3
//: #define KV_BITS 3
//#else
//: #define KV_BITS 2
//#end
//#include "lib/kv_groups.h"
//#end

//#if KV == f32 || KV == f16
static inline void kv_put(const float *from, KV *to, int HD) {
  int d = 0;
  for (; d + 4 <= HD; d += 4) kv_store(to + d, load(from + d));
  for (; d < HD; d++) kv_store1(to + d, from[d]);
}
//#end
