//! Two to four tensors side by side along the middle axis, moved as bits. A workgroup makes 4 WG elements, four
//! at a time where every part of a row allows it.
//! op concat(a: f32[A,DA,S], b: f32[A,DB,S], c?: f32[A,DC,S], d?: f32[A,DD,S]) -> y: f32[A,D,S]
//! grid min(ceil(A * D * S / (4 * WG)), FOLD), ceil(A * D * S / (4 * WG * FOLD))
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#include "lib/fold.wgsl"
//#option COUNT 2|3|4
//#param A 1..
const A: u32 = 1u;
//#param D 1..
const D: u32 = 8u;
//#param DA 1..
const DA: u32 = 4u;
//#param DB 1..
const DB: u32 = 4u;
//#param DC 0..
const DC: u32 = 0u;
//#param DD 0..
const DD: u32 = 0u;
//#param S 1..
const S: u32 = 8u;

// Items of a row of each.
//#if DA * S % 4 == 0 && DB * S % 4 == 0 && DC * S % 4 == 0 && DD * S % 4 == 0
alias Item = vec4<u32>;
const WIDTH: u32 = 4u;
//#else
//: alias Item = u32;
//: const WIDTH: u32 = 1u;
//#end
const ROW: u32 = D * S / WIDTH;
const ROW_A: u32 = DA * S / WIDTH;
const ROW_B: u32 = DB * S / WIDTH;
const ROW_C: u32 = DC * S / WIDTH;
const ROW_D: u32 = DD * S / WIDTH;

@group(0) @binding(0) var<storage, read_write> a: array<Item>;
@group(0) @binding(1) var<storage, read_write> b: array<Item>;
//#if COUNT > 2
//: @group(0) @binding(2) var<storage, read_write> c: array<Item>;
//#end
//#if COUNT > 3
//: @group(0) @binding(3) var<storage, read_write> d: array<Item>;
//#end
@group(0) @binding(4) var<storage, read_write> y: array<Item>;

// Item `at` of a row of y.
fn item(row: u32, at: u32) -> Item {
  if (at < ROW_A) {
    return a[row * ROW_A + at];
  }
//#if COUNT > 2
//: if (at >= ROW_A + ROW_B) {
//:   let after = at - (ROW_A + ROW_B);
//#if COUNT > 3
//:   if (after >= ROW_C) {
//:     return d[row * ROW_D + after - ROW_C];
//:   }
//#end
//:   return c[row * ROW_C + after];
//: }
//#end
  return b[row * ROW_B + at - ROW_A];
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = flat_group(group) * (4u / WIDTH);
  //#unroll
  for (var j = 0u; j < 4u / WIDTH; j++) {
    let i = (first + j) * WG + lane;
    if (i < A * ROW) {
      y[i] = item(i / ROW, i % ROW);
    }
  }
}
