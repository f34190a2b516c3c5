//! Coordinates in a result of five axes, the last of neighbours. The first axis' size is not needed.
//#param D1 1..
const D1: u32 = 1u;
//#param D2 1..
const D2: u32 = 1u;
//#param D3 1..
const D3: u32 = 1u;
//#param D4 1..
const D4: u32 = 64u;

fn coordinates(i: u32) -> array<u32, 5> {
  let i3 = i / D4;
  let i2 = i3 / D3;
  let i1 = i2 / D2;
  return array(i1 / D1, i1 % D1, i2 % D2, i3 % D3, i % D4);
}
