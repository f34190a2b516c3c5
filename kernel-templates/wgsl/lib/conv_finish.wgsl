//! What becomes of a sum of a convolution: bias, activation, and a residual r added after the activation (add)
//! or before it (add_act). y and r are [B, COUT, OH, OW].
//#include "lib/act.wgsl"
//#option BIAS false|true
//#option EPI none|add|add_act
//#if BIAS
//: @group(0) @binding(3) var<storage, read> b: array<f32>;
//#end
//#if EPI != none
//: @group(0) @binding(4) var<storage, read_write> r: array<f32>;
//#end
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn finish(batch: u32, channel: u32, pixel: u32, sum: f32) {
  let at = (batch * COUT + channel) * PIXELS + pixel;
//#if BIAS
//: let value = sum + b[channel];
//#else
  let value = sum;
//#end
//#if EPI == add
//: y[at] = act(value) + r[at];
//#elif EPI == add_act
//: y[at] = act(value + r[at]);
//#else
  y[at] = act(value);
//#end
}
