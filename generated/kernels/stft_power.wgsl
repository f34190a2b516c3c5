const WG: u32 = 64u;
const WY: u32 = 1u;
const S: i32 = 1;
const NFFT: u32 = 1u;
const HOP: u32 = 1u;
const FRAMES: u32 = 1u;
const BINS: u32 = 1u;
const TURNS: u32 = (NFFT + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> window: array<f32>;
@group(0) @binding(2) var<storage, read> table: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

// WG samples of four frames, for each row of lanes.
var<workgroup> samples: array<array<vec4<f32>, WG>, WY>;

// Sample n of a frame; of the last one for frames beyond it.
fn sample_at(signal: u32, frame: u32, n: u32) -> f32 {
  let at = i32(min(frame, FRAMES - 1u) * HOP + n);
return x[i32(signal) * S + at];
}

@compute @workgroup_size(WG, WY)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>) {
  let bin = group.x * WG + lane.x;
  // A constant index needs no check.
  const row = 0u;
  let frame = (group.y * WY + row) * 4u;
  let stride = bin % NFFT;
  // n k mod NFFT.
  var angle = 0u;
  var real = vec4<f32>();
  var imaginary = vec4<f32>();
  for (var turn = 0u; turn < TURNS; turn++) {
    let n = turn * WG + lane.x;
    workgroupBarrier();
    samples[row][lane.x] = vec4<f32>();
    if (n < NFFT) {
      samples[row][lane.x] = window[n] * vec4<f32>(
        sample_at(group.z, frame, n),
        sample_at(group.z, frame + 1u, n),
        sample_at(group.z, frame + 2u, n),
        sample_at(group.z, frame + 3u, n),
      );
    }
    workgroupBarrier();
    // Sums of sums: next to a loud bin, a quiet one keeps a digit more.
    var c = vec4<f32>();
    var s = vec4<f32>();
    for (var i = 0u; i < WG; i++) {
      let part = table[angle];
      c += part.x * samples[row][i];
      s += part.y * samples[row][i];
      angle += stride;
      angle -= select(0u, NFFT, angle >= NFFT);
    }
    real += c;
    imaginary -= s;
  }
  if (bin >= BINS) {
    return;
  }
  {
    if (frame + 0u < FRAMES) {
      let at = (group.z * FRAMES + frame + 0u) * BINS + bin;
      y[at] = real[0u] * real[0u] + imaginary[0u] * imaginary[0u];
    }
  }
  {
    if (frame + 1u < FRAMES) {
      let at = (group.z * FRAMES + frame + 1u) * BINS + bin;
      y[at] = real[1u] * real[1u] + imaginary[1u] * imaginary[1u];
    }
  }
  {
    if (frame + 2u < FRAMES) {
      let at = (group.z * FRAMES + frame + 2u) * BINS + bin;
      y[at] = real[2u] * real[2u] + imaginary[2u] * imaginary[2u];
    }
  }
  {
    if (frame + 3u < FRAMES) {
      let at = (group.z * FRAMES + frame + 3u) * BINS + bin;
      y[at] = real[3u] * real[3u] + imaginary[3u] * imaginary[3u];
    }
  }
}
