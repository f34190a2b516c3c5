//! What a running sum puts down, and in which order it goes.
//#option EXCLUSIVE false|true
//#param REVERSE false|true
const REVERSE: bool = false;

// The element that comes as number `turn` of D.
fn place(turn: u32) -> u32 {
  return select(turn, D - 1u - turn, REVERSE);
}

//#if EXCLUSIVE
//: fn put(before: f32, after: f32) -> f32 {
//:   return before;
//: }
//#else
fn put(before: f32, after: f32) -> f32 {
  return after;
}
//#end
