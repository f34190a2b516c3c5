//! How many rows the activations have: as many as the step has tokens (SEQ), or M.
//#option SEQ false|true
//#if SEQ
//#include "lib/step.wgsl"
//:
//: fn row_count() -> u32 {
//:   return step.seq;
//: }
//#else
//#param M 1..
const M: u32 = 64u;

fn row_count() -> u32 {
  return M;
}
//#end
