//! x with Pk elements more before axis k and Qk after it (fewer where negative). MODE: what stands there.
//! VALUE, the mirrored neighbours of the edge, the edge, or x over again. A workgroup makes 4 WG elements.
//! op pad(x: f32[D0,D1,D2,D3]) -> y: f32[P0 + D0 + Q0, P1 + D1 + Q1, P2 + D2 + Q2, P3 + D3 + Q3]
//! grid min(ceil((P0 + D0 + Q0) * (P1 + D1 + Q1) * (P2 + D2 + Q2) * (P3 + D3 + Q3) / (4 * WG)), FOLD), ceil((P0 + D0 + Q0) * (P1 + D1 + Q1) * (P2 + D2 + Q2) * (P3 + D3 + Q3) / (4 * WG * FOLD))
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#include "lib/fold.wgsl"
//#param D0 1..
const D0: i32 = 1;
//#param D1 1..
const D1: i32 = 1;
//#param D2 1..
const D2: i32 = 1;
//#param D3 1..
const D3: i32 = 64;
//#param P0 -2147483647..2147483647
const P0: i32 = 0;
//#param P1 -2147483647..2147483647
const P1: i32 = 0;
//#param P2 -2147483647..2147483647
const P2: i32 = 0;
//#param P3 -2147483647..2147483647
const P3: i32 = 0;
//#param Q0 -2147483647..2147483647
const Q0: i32 = 0;
//#param Q1 -2147483647..2147483647
const Q1: i32 = 0;
//#param Q2 -2147483647..2147483647
const Q2: i32 = 0;
//#param Q3 -2147483647..2147483647
const Q3: i32 = 0;
const E0: u32 = u32(P0 + D0 + Q0);
const E1: u32 = u32(P1 + D1 + Q1);
const E2: u32 = u32(P2 + D2 + Q2);
const E3: u32 = u32(P3 + D3 + Q3);
//#param VALUE -3.4e38..3.4e38
const VALUE: f32 = 0.0;
//#option MODE constant|reflect|edge|wrap

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

// The place in x, of size d along an axis, whose value stands at i; i may lie outside.
fn place(i: i32, d: i32) -> i32 {
//#if MODE == reflect
//: // Mirrored at both edges, which are not repeated: a period of 2 (d - 1).
//: let period = max(2 * (d - 1), 1);
//: let at = abs(i) % period;
//: return min(at, period - at);
//#elif MODE == wrap
//: // By division: Vulkan leaves the remainder of a negative number undefined, and wgpu passes it on.
//: let at = i - i / d * d;
//: return select(at, at + d, at < 0);
//#else
  return clamp(i, 0, d - 1);
//#end
}

fn value(i: u32) -> u32 {
  let i3 = i32(i % E3) - P3;
  let i2 = i32(i / E3 % E2) - P2;
  let i1 = i32(i / (E3 * E2) % E1) - P1;
  let i0 = i32(i / (E3 * E2 * E1)) - P0;
//#if MODE == constant
  if (min(min(i0, i1), min(i2, i3)) < 0 || i0 >= D0 || i1 >= D1 || i2 >= D2 || i3 >= D3) {
    return bitcast<u32>(VALUE);
  }
//#end
  return x[((place(i0, D0) * D1 + place(i1, D1)) * D2 + place(i2, D2)) * D3 + place(i3, D3)];
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let first = flat_group(group) * 4u;
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    let i = (first + j) * WG + lane;
    if (i < E0 * E1 * E2 * E3) {
      y[i] = value(i);
    }
  }
}
