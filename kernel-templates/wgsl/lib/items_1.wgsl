//! Rows read one element at a time, where they are no quads.
alias Item = f32;
const PER_ITEM: u32 = 1u;

fn total(x: Item) -> f32 {
  return x;
}

fn square(x: Item) -> f32 {
  return x * x;
}

fn largest(x: Item) -> f32 {
  return x;
}

fn first(x: Item) -> f32 {
  return x;
}

fn product(x: Item) -> f32 {
  return x;
}
