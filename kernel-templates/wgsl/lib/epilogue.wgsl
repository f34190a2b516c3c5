//! What becomes of a sum of products: stored, added to r, or (glu) one of a pair. y and r have rows of LDY.
//#option EPI none|add|glu
//#param LDY 1..
const LDY: u32 = 64u;
//#include "lib/math.wgsl"

//#if EPI == add
//: @group(0) @binding(3) var<storage, read_write> r: array<f32>;
//#end
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

//#if EPI == glu
//: // Weight rows n and n + 1 are those of the gate and of what it lets through.
//: fn finish_pair(m: u32, n: u32, gate: f32, up: f32) {
//:   y[m * LDY + n / 2u] = silu(gate) * up;
//: }
//#elif EPI == add
//: fn finish(m: u32, n: u32, sum: f32) {
//:   y[m * LDY + n] = sum + r[m * LDY + n];
//: }
//#else
fn finish(m: u32, n: u32, sum: f32) {
  y[m * LDY + n] = sum;
}
//#end
