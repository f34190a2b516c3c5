//! Queries, keys, values and outputs of attention over activations, four elements of a head at a time. A head of
//! y is named by its number in its buffer, [B, rows, heads], one of the others by its row and its number there:
//! STACKED, rows of q hold their keys and values too. Beyond a head's end, queries are 0.
//#param STACKED 0|1
const STACKED: u32 = 0u;
//#param HD 1..
const HD: u32 = 64u;
//#param VD 1..
const VD: u32 = 64u;
const QUADS: u32 = (HD + 3u) / 4u;
const V_QUADS: u32 = (VD + 3u) / 4u;

// Heads of a row of each, and the first of the keys and values.
const Q_HEADS: u32 = H + STACKED * 2u * KVH;
const K_HEADS: u32 = select(KVH, Q_HEADS, STACKED == 1u);
const K_FIRST: u32 = STACKED * H;
const V_FIRST: u32 = STACKED * (H + KVH);

//#if HD % 4 == 0
@group(0) @binding(0) var<storage, read_write> q: array<vec4<f32>>;
//#if STACKED == 0
@group(0) @binding(1) var<storage, read_write> k: array<vec4<f32>>;

fn k_at(i: u32) -> vec4<f32> {
  return k[i];
}
//#else
//: fn k_at(i: u32) -> vec4<f32> {
//:   return q[i];
//: }
//#end

fn q_quad(row: u32, head: u32, i: u32) -> vec4<f32> {
  return select(vec4<f32>(), q[(row * Q_HEADS + head) * QUADS + min(i, QUADS - 1u)], i < QUADS);
}

fn k_quad(row: u32, head: u32, i: u32) -> vec4<f32> {
  return k_at((row * K_HEADS + K_FIRST + head) * QUADS + min(i, QUADS - 1u));
}
//#else
//: @group(0) @binding(0) var<storage, read_write> q: array<f32>;
//#if STACKED == 0
//: @group(0) @binding(1) var<storage, read_write> k: array<f32>;
//:
//: fn k_at(i: u32) -> f32 {
//:   return k[i];
//: }
//#else
//: fn k_at(i: u32) -> f32 {
//:   return q[i];
//: }
//#end
//:
//: fn elements(i: u32) -> vec4<u32> {
//:   return vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u);
//: }
//:
//: fn q_quad(row: u32, head: u32, i: u32) -> vec4<f32> {
//:   let at = (row * Q_HEADS + head) * HD + min(elements(i), vec4<u32>(HD - 1u));
//:   return select(vec4<f32>(), vec4<f32>(q[at.x], q[at.y], q[at.z], q[at.w]), elements(i) < vec4<u32>(HD));
//: }
//:
//: fn k_quad(row: u32, head: u32, i: u32) -> vec4<f32> {
//:   let at = (row * K_HEADS + K_FIRST + head) * HD + min(elements(i), vec4<u32>(HD - 1u));
//:   return vec4<f32>(k_at(at.x), k_at(at.y), k_at(at.z), k_at(at.w));
//: }
//#end

//#if VD % 4 == 0
//#if STACKED == 0
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>;

fn v_at(i: u32) -> vec4<f32> {
  return v[i];
}
//#else
//: fn v_at(i: u32) -> vec4<f32> {
//:   return q[i];
//: }
//#end
@group(0) @binding(7) var<storage, read_write> y: array<vec4<f32>>;

fn v_quad(row: u32, head: u32, i: u32) -> vec4<f32> {
  return v_at((row * K_HEADS + V_FIRST + head) * V_QUADS + i);
}

fn y_store(head: u32, i: u32, value: vec4<f32>) {
  y[head * V_QUADS + i] = value;
}
//#else
//#if STACKED == 0
//: @group(0) @binding(2) var<storage, read_write> v: array<f32>;
//:
//: fn v_at(i: u32) -> f32 {
//:   return v[i];
//: }
//#else
//: fn v_at(i: u32) -> f32 {
//:   return q[i];
//: }
//#end
//: @group(0) @binding(7) var<storage, read_write> y: array<f32>;
//:
//: fn v_quad(row: u32, head: u32, i: u32) -> vec4<f32> {
//:   let first = (row * K_HEADS + V_FIRST + head) * VD;
//:   let at = first + min(vec4<u32>(4u * i) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(VD - 1u));
//:   return vec4<f32>(v_at(at.x), v_at(at.y), v_at(at.z), v_at(at.w));
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
