const WG: u32 = 64u;
const CS0: u32 = 0u;
const CS1: u32 = 0u;
const CS2: u32 = 0u;
const CS3: u32 = 0u;
const CS4: u32 = 0u;
const AS0: u32 = 0u;
const AS1: u32 = 0u;
const AS2: u32 = 0u;
const AS3: u32 = 0u;
const AS4: u32 = 0u;
const BS0: u32 = 0u;
const BS1: u32 = 0u;
const BS2: u32 = 0u;
const BS3: u32 = 0u;
const BS4: u32 = 0u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

const D1: u32 = 1u;
const D2: u32 = 1u;
const D3: u32 = 1u;
const D4: u32 = 1u;

fn coordinates(i: u32) -> array<u32, 5> {
  let i3 = i / D4;
  let i2 = i3 / D3;
  let i1 = i2 / D2;
  return array(i1 / D1, i1 % D1, i2 % D2, i3 % D3, i % D4);
}


@group(0) @binding(0) var<storage, read_write> c: array<f32>;
@group(0) @binding(1) var<storage, read_write> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

fn c_at(c: array<u32, 5>) -> u32 {
  return c[0] * CS0 + c[1] * CS1 + c[2] * CS2 + c[3] * CS3 + c[4] * CS4;
}

fn a_at(c: array<u32, 5>) -> u32 {
  return c[0] * AS0 + c[1] * AS1 + c[2] * AS2 + c[3] * AS3 + c[4] * AS4;
}

fn b_at(c: array<u32, 5>) -> u32 {
  return c[0] * BS0 + c[1] * BS1 + c[2] * BS2 + c[3] * BS3 + c[4] * BS4;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Neighbouring lanes take neighbouring elements.
  {
    let i = (flat_group(group) * 4u + 0u) * WG + lane;
    if (i < arrayLength(&y)) {
      let at = coordinates(i);
      y[i] = select(b[b_at(at)], a[a_at(at)], c[c_at(at)] != 0.0);
    }
  }
  {
    let i = (flat_group(group) * 4u + 1u) * WG + lane;
    if (i < arrayLength(&y)) {
      let at = coordinates(i);
      y[i] = select(b[b_at(at)], a[a_at(at)], c[c_at(at)] != 0.0);
    }
  }
  {
    let i = (flat_group(group) * 4u + 2u) * WG + lane;
    if (i < arrayLength(&y)) {
      let at = coordinates(i);
      y[i] = select(b[b_at(at)], a[a_at(at)], c[c_at(at)] != 0.0);
    }
  }
  {
    let i = (flat_group(group) * 4u + 3u) * WG + lane;
    if (i < arrayLength(&y)) {
      let at = coordinates(i);
      y[i] = select(b[b_at(at)], a[a_at(at)], c[c_at(at)] != 0.0);
    }
  }
}
