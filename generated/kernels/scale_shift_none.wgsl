const WG: u32 = 64u;
const C: u32 = 1u;
const S: u32 = 1u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}

fn act(x: f32) -> f32 {
  return x;
}


@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read> shift: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Neighbouring lanes take neighbouring elements.
  {
    let i = (flat_group(group) * 4u + 0u) * WG + lane;
    if (i < arrayLength(&y)) {
      let channel = i / S % C;
      y[i] = act(x[i] * scale[channel] + shift[channel]);
    }
  }
  {
    let i = (flat_group(group) * 4u + 1u) * WG + lane;
    if (i < arrayLength(&y)) {
      let channel = i / S % C;
      y[i] = act(x[i] * scale[channel] + shift[channel]);
    }
  }
  {
    let i = (flat_group(group) * 4u + 2u) * WG + lane;
    if (i < arrayLength(&y)) {
      let channel = i / S % C;
      y[i] = act(x[i] * scale[channel] + shift[channel]);
    }
  }
  {
    let i = (flat_group(group) * 4u + 3u) * WG + lane;
    if (i < arrayLength(&y)) {
      let channel = i / S % C;
      y[i] = act(x[i] * scale[channel] + shift[channel]);
    }
  }
}
