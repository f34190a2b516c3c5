//! A row that goes through RMSNorm while it is read: x_part gives it times its gains, and notes it. The kernel declares
//! x_quad and K.
//#param EPS 0.0..
const EPS: f32 = 0.00001;
//#option GAIN true|false
//#if GAIN
//#if K % 4 == 0
@group(0) @binding(6) var<storage, read> g: array<vec4<f32>>;

fn gain_quad(quad: u32) -> vec4<f32> {
  return g[min(quad, K_QUADS - 1u)];
}
//#else
//: @group(0) @binding(6) var<storage, read> g: array<f32>;
//:
//: fn gain_quad(quad: u32) -> vec4<f32> {
//:   let i = min(vec4<u32>(quad * 4u) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(K - 1u));
//:   return vec4<f32>(g[i.x], g[i.y], g[i.z], g[i.w]);
//: }
//#end
//#else
//: fn gain_quad(quad: u32) -> vec4<f32> {
//:   return vec4<f32>(1.0);
//: }
//#end

var<private> squares: f32;

fn x_part(row: u32, quad: u32) -> vec4<f32> {
  let values = x_quad(row, quad);
  squares += dot(values, values);
  return values * gain_quad(quad);
}
