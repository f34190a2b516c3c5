//! Which of two elements argreduce wants: OP says the larger or the smaller, PICK which of equals.
//#option OP argmax|argmin
//#option PICK first|last

// Elements so that the largest is wanted.
//#if OP == argmax
fn key(x: f32) -> f32 {
  return x;
}
//#else
//: fn key(x: f32) -> f32 {
//:   return -x;
//: }
//#end

// Whether a later element takes the place of the best before it.
//#if PICK == first
fn better(later: f32, best: f32) -> bool {
  return later > best;
}
//#else
//: fn better(later: f32, best: f32) -> bool {
//:   return later >= best;
//: }
//#end
