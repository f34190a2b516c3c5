//! Random numbers that need no state: a hash (Wellons' lowbias32), and Gumbel numbers of its values. Four at once.

fn mix(value: vec4<u32>) -> vec4<u32> {
  var h = value;
  h = (h ^ (h >> vec4<u32>(16u))) * 0x7feb352du;
  h = (h ^ (h >> vec4<u32>(15u))) * 0x846ca68bu;
  return h ^ (h >> vec4<u32>(16u));
}

// -log(-log(u)), u = (n + 0.5) / 2^24 for the upper 24 bits n of the hash. WGSL bounds the error of log near 1
// only absolutely, and floats can't tell u from 1 there: the upper half counts from 1 down, with a series.
fn gumbel(hash: vec4<u32>) -> vec4<f32> {
  let n = hash >> vec4<u32>(8u);
  let u = (vec4<f32>(n) + 0.5) * 0x1p-24;
  let v = (vec4<f32>(0xffffffu - n) + 0.5) * 0x1p-24;
  let series = v * (1.0 + v * (0.5 + v * (1.0 / 3.0 + v * 0.25)));
  let inner = -log(select(u, 1.0 - v, n >= vec4<u32>(0x800000u)));
  return -log(select(inner, series, v < vec4<f32>(0.03125)));
}
