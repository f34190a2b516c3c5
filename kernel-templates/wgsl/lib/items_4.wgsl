//! Rows read four elements at a time.
alias Item = vec4<f32>;
const PER_ITEM: u32 = 4u;

fn total(x: Item) -> f32 {
  return (x.x + x.y) + (x.z + x.w);
}

fn square(x: Item) -> f32 {
  return dot(x, x);
}

fn largest(x: Item) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

fn first(x: Item) -> f32 {
  return x.x;
}

fn product(x: Item) -> f32 {
  return (x.x * x.y) * (x.z * x.w);
}
