//! Queries, keys, values and outputs of attention over activations, four elements of a head at a time. A head
//! is named by its number in its buffer, [B, rows, heads]. Beyond a head's end, queries are 0.
//#param HD 1..
const HD: u32 = 64u;
//#param VD 1..
const VD: u32 = 64u;
const QUADS: u32 = (HD + 3u) / 4u;
const V_QUADS: u32 = (VD + 3u) / 4u;

//#if HD % 4 == 0
@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>;

fn q_quad(head: u32, i: u32) -> vec4<f32> {
  return select(vec4<f32>(), q[head * QUADS + min(i, QUADS - 1u)], i < QUADS);
}

fn k_quad(head: u32, i: u32) -> vec4<f32> {
  return k[head * QUADS + min(i, QUADS - 1u)];
}
//#else
//: @group(0) @binding(0) var<storage, read_write> q: array<f32>;
//: @group(0) @binding(1) var<storage, read_write> k: array<f32>;
//:
//: fn elements(i: u32) -> vec4<u32> {
//:   return vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u);
//: }
//:
//: fn q_quad(head: u32, i: u32) -> vec4<f32> {
//:   let at = head * HD + min(elements(i), vec4<u32>(HD - 1u));
//:   return select(vec4<f32>(), vec4<f32>(q[at.x], q[at.y], q[at.z], q[at.w]), elements(i) < vec4<u32>(HD));
//: }
//:
//: fn k_quad(head: u32, i: u32) -> vec4<f32> {
//:   let at = head * HD + min(elements(i), vec4<u32>(HD - 1u));
//:   return vec4<f32>(k[at.x], k[at.y], k[at.z], k[at.w]);
//: }
//#end

//#if VD % 4 == 0
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4<f32>>;

fn v_quad(head: u32, i: u32) -> vec4<f32> {
  return v[head * V_QUADS + i];
}

fn y_store(head: u32, i: u32, value: vec4<f32>) {
  y[head * V_QUADS + i] = value;
}
//#else
//: @group(0) @binding(2) var<storage, read_write> v: array<f32>;
//: @group(0) @binding(7) var<storage, read_write> y: array<f32>;
//:
//: fn v_quad(head: u32, i: u32) -> vec4<f32> {
//:   let at = head * VD + min(vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(VD - 1u));
//:   return vec4<f32>(v[at.x], v[at.y], v[at.z], v[at.w]);
//: }
//:
//: fn y_store(head: u32, i: u32, value: vec4<f32>) {
  //#unroll
//:   for (var j = 0u; j < 4u; j++) {
//:     if (4u * i + j < VD) {
//:       y[head * VD + 4u * i + j] = value[j];
//:     }
//:   }
//: }
//#end
