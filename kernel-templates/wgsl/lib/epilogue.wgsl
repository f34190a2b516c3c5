//! What becomes of a sum of products: act(sum + b), stored or added to r; or (glu) of a pair act(gate + b) *
//! (up + b). y and r have rows of LDY, b is of one value for each row of w.
//#option EPI none|add|glu
//#option BIAS false|true
//#param LDY 1..
const LDY: u32 = 64u;
//#include "lib/math.wgsl"
//#include "lib/act.wgsl"

//#if EPI == add
//: @group(0) @binding(3) var<storage, read_write> r: array<f32>;
//#end
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
//#if BIAS
//: @group(0) @binding(5) var<storage, read> b: array<f32>;
//:
//: fn biased(n: u32, sum: f32) -> f32 {
//:   return sum + b[n];
//: }
//#else
fn biased(n: u32, sum: f32) -> f32 {
  return sum;
}
//#end

//#if EPI == glu
//: // Weight rows n and n + 1 are those of the gate and of what it lets through.
//: fn finish_pair(m: u32, n: u32, gate: f32, up: f32) {
//:   y[m * LDY + n / 2u] = act(biased(n, gate)) * biased(n + 1u, up);
//: }
//#elif EPI == add
//: fn finish(m: u32, n: u32, sum: f32) {
//:   y[m * LDY + n] = act(biased(n, sum)) + r[m * LDY + n];
//: }
//#else
fn finish(m: u32, n: u32, sum: f32) {
  y[m * LDY + n] = act(biased(n, sum));
}
//#end
