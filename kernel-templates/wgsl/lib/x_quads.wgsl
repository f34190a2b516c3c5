//! Rows of activations, K floats each, read four at a time; what lies beyond K reads as 0. RAGGED (a constant
//! of the kernel) says that it asks for such.
//#param K 1..
const K: u32 = 64u;
const K_QUADS: u32 = (K + 3u) / 4u;

//#if K % 4 == 0
@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;

fn x_quad(row: u32, quad: u32) -> vec4<f32> {
  if (!RAGGED) {
    return x[row * K_QUADS + quad];
  }
  return select(vec4<f32>(), x[row * K_QUADS + min(quad, K_QUADS - 1u)], quad < K_QUADS);
}
//#else
//: @group(0) @binding(0) var<storage, read_write> x: array<f32>;
//:
//: fn x_quad(row: u32, quad: u32) -> vec4<f32> {
//:   let at = vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
//:   let i = row * K + min(at, vec4<u32>(K - 1u));
//:   return select(vec4<f32>(), vec4<f32>(x[i.x], x[i.y], x[i.z], x[i.w]), at < vec4<u32>(K));
//: }
//#end
