//! What OP does to an element (term), to two of them (join) and to the end result (result). `most` is the largest
//! element where logsumexp needs it. The kernel declares D and includes an Item.
//#option OP sum|mean|max|min|prod|l1|l2|sumsq|logsum|logsumexp
const LOWEST: f32 = -0x1.fffffep127;

//#if OP == min
//: fn term(x: Item, most: f32) -> Item {
//:   return -x;
//: }
//#elif OP == l1
//: fn term(x: Item, most: f32) -> Item {
//:   return abs(x);
//: }
//#elif OP == l2 || OP == sumsq
//: fn term(x: Item, most: f32) -> Item {
//:   return x * x;
//: }
//#elif OP == logsumexp
//: fn term(x: Item, most: f32) -> Item {
//:   return exp(max(x - most, Item(-200.0)));
//: }
//#else
fn term(x: Item, most: f32) -> Item {
  return x;
}
//#end

//#if OP == max || OP == min
//: const NEUTRAL: f32 = LOWEST;
//:
//: fn join(a: f32, b: Item) -> f32 {
//:   return max(a, largest(b));
//: }
//#elif OP == prod
//: const NEUTRAL: f32 = 1.0;
//:
//: fn join(a: f32, b: Item) -> f32 {
//:   return a * product(b);
//: }
//#else
const NEUTRAL: f32 = 0.0;

fn join(a: f32, b: Item) -> f32 {
  return a + total(b);
}
//#end

//#if OP == mean
//: fn result(all: f32, most: f32) -> f32 {
//:   return all / f32(D);
//: }
//#elif OP == min
//: fn result(all: f32, most: f32) -> f32 {
//:   return -all;
//: }
//#elif OP == l2
//: fn result(all: f32, most: f32) -> f32 {
//:   return sqrt(all);
//: }
//#elif OP == logsum
//: fn result(all: f32, most: f32) -> f32 {
//:   return log(all);
//: }
//#elif OP == logsumexp
//: fn result(all: f32, most: f32) -> f32 {
//:   return most + log(all);
//: }
//#else
fn result(all: f32, most: f32) -> f32 {
  return all;
}
//#end
