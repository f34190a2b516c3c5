//! Rows and columns resampled. Element o of an axis lies at (o MUL + ADD) / DIV of x: a quotient of integers, so
//! that what lies between two neighbours, or just in the middle, is the same on every device. A lane makes an
//! element of y from TAPS x TAPS of x; beyond the edge stands the edge.
//! op resize2d(x: f32[B,C,IH,IW]) -> y: f32[B,C,OH,OW]
//! grid min(ceil(B * C * OH * OW / WG), FOLD), ceil(B * C * OH * OW / (WG * FOLD))
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#include "lib/fold.wgsl"
//#option MODE nearest|linear|cubic
//#option ROUND round_prefer_floor|round_prefer_ceil|floor|ceil
//#option EXCLUDE false|true
//#param CUBIC_A -4.0..4.0
const CUBIC_A: f32 = -0.75;
//#param B 1..
const B: u32 = 1u;
//#param C 1..
const C: u32 = 1u;
//#param IH 1..
const IH: i32 = 8;
//#param IW 1..
const IW: i32 = 8;
//#param OH 1..
const OH: u32 = 16u;
//#param OW 1..
const OW: u32 = 16u;
//#param MUL_H 0..2147483647
const MUL_H: i32 = 1;
//#param ADD_H -2147483647..2147483647
const ADD_H: i32 = 0;
//#param DIV_H 1..2147483647
const DIV_H: i32 = 2;
//#param MUL_W 0..2147483647
const MUL_W: i32 = 1;
//#param ADD_W -2147483647..2147483647
const ADD_W: i32 = 0;
//#param DIV_W 1..2147483647
const DIV_W: i32 = 2;
//#if MODE == linear
//: const TAPS: i32 = 2;
//#elif MODE == cubic
//: const TAPS: i32 = 4;
//#else
const TAPS: i32 = 1;
//#end

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

// Neighbours along an axis, the first of them and the weight of each.
struct Taps {
  first: i32,
  weights: vec4<f32>,
}

//#if MODE == cubic
//: // Keys' kernel at the four taps, for a place t behind the second one.
//: fn keys(t: f32) -> vec4<f32> {
//:   let near = vec2<f32>(t, 1.0 - t);
//:   let far = near + 1.0;
//:   let inner = ((CUBIC_A + 2.0) * near - (CUBIC_A + 3.0)) * near * near + 1.0;
//:   let outer = ((CUBIC_A * far - 5.0 * CUBIC_A) * far + 8.0 * CUBIC_A) * far - 4.0 * CUBIC_A;
//:   return vec4<f32>(outer.x, inner.x, inner.y, outer.y);
//: }
//:
//#end
fn taps(at: i32, divisor: i32, size: i32) -> Taps {
  // Division rounds towards zero; this goes down. (Vulkan leaves the remainder of a negative number undefined.)
  let towards = at / divisor;
  let whole = towards - i32(towards * divisor > at);
  let rest = at - whole * divisor;
//#if MODE == linear
//: let t = f32(rest) / f32(divisor);
//: return Taps(whole, vec4<f32>(1.0 - t, t, vec2<f32>()));
//#elif MODE == cubic
//: let first = whole - 1;
//: var weights = keys(f32(rest) / f32(divisor));
//#if EXCLUDE
//: // Taps outside count nothing, and the others make up for them.
//: let places = vec4<i32>(first, first + 1, first + 2, first + 3);
//: weights *= vec4<f32>((places >= vec4<i32>(0)) & (places < vec4<i32>(size)));
//: weights /= dot(weights, vec4<f32>(1.0));
//#end
//: return Taps(first, weights);
//#elif ROUND == floor
//: return Taps(whole, vec4<f32>(1.0));
//#elif ROUND == ceil
//: return Taps(whole + i32(rest > 0), vec4<f32>(1.0));
//#elif ROUND == round_prefer_ceil
//: return Taps(whole + i32(rest >= divisor - rest), vec4<f32>(1.0));
//#else
  return Taps(whole + i32(rest > divisor - rest), vec4<f32>(1.0));
//#end
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = flat_group(group) * WG + lane;
  if (i >= B * C * OH * OW) {
    return;
  }
  let plane = i32(i / (OH * OW)) * IH;
  let rows = taps(i32(i / OW % OH) * MUL_H + ADD_H, DIV_H, IH);
  let columns = taps(i32(i % OW) * MUL_W + ADD_W, DIV_W, IW);
  var sum = 0.0;
  //#unroll
  for (var r = 0; r < TAPS; r++) {
    let row = (plane + clamp(rows.first + r, 0, IH - 1)) * IW;
    var line = 0.0;
    //#unroll
    for (var c = 0; c < TAPS; c++) {
      line += columns.weights[c] * x[row + clamp(columns.first + c, 0, IW - 1)];
    }
    sum += rows.weights[r] * line;
  }
  y[i] = sum;
}
