// Elements of the KV cache. What kv_load gives, times KV_LARGE, times KV_REST, is the element: for f16 this saves a
// multiplication for every four of them. KV_LARGE goes to the other factor of a product, KV_REST to the sum, so that
// neither leaves the range of a float.
//#option KV f32|f16
//#if KV == f16
//: typedef uint16_t KV;
//: #define KV_LARGE 0x1p64f
//: #define KV_REST 0x1p48f
//: static inline V kv_load(const KV *p) { return load_half_small(p); }
//: static inline void kv_store(KV *p, V v) {
//:   v = to_half(v);
//:   wasm_v128_store64_lane(p, wasm_u16x8_narrow_i32x4(v, v), 0);
//: }
//: static inline void kv_store1(KV *p, float x) { *p = (KV)wasm_i32x4_extract_lane(to_half(set1(x)), 0); }
//#else
typedef float KV;
#define KV_LARGE 1.0f
#define KV_REST 1.0f
static inline V kv_load(const KV *p) { return load(p); }
static inline void kv_store(KV *p, V v) { store(p, v); }
static inline void kv_store1(KV *p, float x) { *p = x; }
//#end
