//! y = ACT(x * scale + shift), scale and shift by channel. A workgroup makes 4 WG elements.
//! op scale_shift(x: f32[B,C,S], scale: f32[C], shift: f32[C]) -> y: f32[B,C,S]
//! grid min(ceil(B * C * S / (4 * WG)), FOLD), ceil(ceil(B * C * S / (4 * WG)) / FOLD)
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param C 1..
const C: u32 = 64u;
//#param S 1..
const S: u32 = 64u;
//#include "lib/fold.wgsl"
//#include "lib/act.wgsl"

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read> shift: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Neighbouring lanes take neighbouring elements.
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    let i = (flat_group(group) * 4u + j) * WG + lane;
    if (i < arrayLength(&y)) {
      let channel = i / S % C;
      y[i] = act(x[i] * scale[channel] + shift[channel]);
    }
  }
}
