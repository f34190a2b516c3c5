const WG: u32 = 64u;
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}


@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<u32>>;

// Beyond what a half holds, the largest that it does.
fn halves(v: vec4<f32>) -> vec2<u32> {
  let bounded = clamp(v, vec4<f32>(-65504.0), vec4<f32>(65504.0));
  return vec2<u32>(pack2x16float(bounded.xy), pack2x16float(bounded.zw));
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let i = flat_group(group) * WG + lane;
  if (i < arrayLength(&y)) {
    y[i] = vec4<u32>(halves(x[2u * i]), halves(x[2u * i + 1u]));
  }
}
