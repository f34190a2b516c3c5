//! y = a where c is not 0, else b, over five axes, each by strides, of which 0 repeats. A workgroup makes 4 WG
//! elements.
//! op where_nd(c: f32[NC], a: f32[NA], b: f32[NB]) -> y: f32[D0,D1,D2,D3,D4]
//! grid min(ceil(D0 * D1 * D2 * D3 * D4 / (4 * WG)), FOLD), ceil(ceil(D0 * D1 * D2 * D3 * D4 / (4 * WG)) / FOLD)
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param CS0 0..
const CS0: u32 = 0u;
//#param CS1 0..
const CS1: u32 = 0u;
//#param CS2 0..
const CS2: u32 = 0u;
//#param CS3 0..
const CS3: u32 = 0u;
//#param CS4 0..
const CS4: u32 = 1u;
//#param AS0 0..
const AS0: u32 = 0u;
//#param AS1 0..
const AS1: u32 = 0u;
//#param AS2 0..
const AS2: u32 = 0u;
//#param AS3 0..
const AS3: u32 = 0u;
//#param AS4 0..
const AS4: u32 = 1u;
//#param BS0 0..
const BS0: u32 = 0u;
//#param BS1 0..
const BS1: u32 = 0u;
//#param BS2 0..
const BS2: u32 = 0u;
//#param BS3 0..
const BS3: u32 = 0u;
//#param BS4 0..
const BS4: u32 = 1u;
//#include "lib/fold.wgsl"
//#include "lib/dims.wgsl"

@group(0) @binding(0) var<storage, read_write> c: array<f32>;
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn c_at(c: array<u32, 5>) -> u32 {
  return c[0] * CS0 + c[1] * CS1 + c[2] * CS2 + c[3] * CS3 + c[4] * CS4;
}

fn a_at(c: array<u32, 5>) -> u32 {
  return c[0] * AS0 + c[1] * AS1 + c[2] * AS2 + c[3] * AS3 + c[4] * AS4;
}

fn b_at(c: array<u32, 5>) -> u32 {
  return c[0] * BS0 + c[1] * BS1 + c[2] * BS2 + c[3] * BS3 + c[4] * BS4;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Neighbouring lanes take neighbouring elements.
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    let i = (flat_group(group) * 4u + j) * WG + lane;
    if (i < arrayLength(&y)) {
      let at = coordinates(i);
      y[i] = select(b[b_at(at)], a[a_at(at)], c[c_at(at)] != 0.0);
    }
  }
}
