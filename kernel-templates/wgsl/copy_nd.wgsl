//! y[i0, …, i5] = x[X0 + i0 XS0 + … + i5 XS5]: transposes, slices, reversals, expansions, tilings. Values are
//! moved as bits. A workgroup makes 4 WG elements; a last axis of neighbours goes four at a time.
//! op copy_nd(x: f32[XN]) -> y: f32[D0,D1,D2,D3,D4,D5]
//! grid min(ceil(D0 * D1 * D2 * D3 * D4 * D5 / (4 * WG)), FOLD), ceil(D0 * D1 * D2 * D3 * D4 * D5 / (4 * WG * FOLD))
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#include "lib/fold.wgsl"
//#param D0 1..
const D0: u32 = 1u;
//#param D1 1..
const D1: u32 = 1u;
//#param D2 1..
const D2: u32 = 1u;
//#param D3 1..
const D3: u32 = 1u;
//#param D4 1..
const D4: u32 = 1u;
//#param D5 1..
const D5: u32 = 64u;
//#param X0 0..
const X0: i32 = 0;
//#param XS0 -2147483647..2147483647
const XS0: i32 = 0;
//#param XS1 -2147483647..2147483647
const XS1: i32 = 0;
//#param XS2 -2147483647..2147483647
const XS2: i32 = 0;
//#param XS3 -2147483647..2147483647
const XS3: i32 = 0;
//#param XS4 -2147483647..2147483647
const XS4: i32 = 0;
//#param XS5 -2147483647..2147483647
const XS5: i32 = 1;
const TOTAL: u32 = D0 * D1 * D2 * D3 * D4 * D5;

//#if XS5 == 1 && D5 % 4 == 0 && (X0 % 4 == 0 && XS0 % 4 == 0 && XS1 % 4 == 0 && XS2 % 4 == 0 && XS3 % 4 == 0 && XS4 % 4 == 0)
alias Item = vec4<u32>;
const WIDTH: u32 = 4u;
//#else
//: alias Item = u32;
//: const WIDTH: u32 = 1u;
//#end

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> y: array<Item>;

// Where element i of y comes from.
fn source(i: u32) -> u32 {
  var rest = i;
  var at = X0 + i32(rest % D5) * XS5;
  rest /= D5;
  at += i32(rest % D4) * XS4;
  rest /= D4;
  at += i32(rest % D3) * XS3;
  rest /= D3;
  at += i32(rest % D2) * XS2;
  rest /= D2;
  at += i32(rest % D1) * XS1;
  return u32(at + i32(rest / D1) * XS0);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = flat_group(group) * (4u / WIDTH);
  // Neighbouring lanes take neighbouring items.
  //#unroll
  for (var j = 0u; j < 4u / WIDTH; j++) {
    let i = (first + j) * WG + lane;
    if (i < TOTAL / WIDTH) {
      y[i] = x[source(i * WIDTH) / WIDTH];
    }
  }
}
