//! lib/epilogue.wgsl for kernels that ask by STEP rows of w.
//#option EPI none|add|glu
//#if EPI == glu
//: const STEP: u32 = 2u;
//:
//: fn finish_rows(m: u32, n: u32, gate: f32, up: f32) {
//:   finish_pair(m, n, gate, up);
//: }
//#else
const STEP: u32 = 1u;

fn finish_rows(m: u32, n: u32, sum: f32, next: f32) {
  finish(m, n, sum);
}
//#end

// What finish stored is all.
fn finished(group: u32, lane: u32) {}
