//! Short-time Fourier transform by its definition: frame f, bin k is the sum over n of window[n] times the sample
//! at f HOP + n times e^(-2 pi i n k / NFFT), which table holds at n k mod NFFT as (cos, sin). NFFT may be any
//! number. CENTER: frames lie around their time, with samples mirrored at both ends. PARTS 1: the power
//! |.|²; 2: real and imaginary part side by side. A workgroup makes WG bins of 4 WY frames.
//! op stft_power(x: f32[B,S], window: f32[NFFT], table: f32[NFFT,2]) -> y: f32[B,FRAMES,BINS * PARTS]
//! grid ceil(BINS / WG), ceil(FRAMES / (4 * WY)), B
//! needs WG * WY <= 256
//! needs CENTER || (FRAMES - 1) * HOP + NFFT <= S
//! needs !CENTER || (FRAMES - 1) * HOP <= S && NFFT / 2 < S
//! needs FRAMES <= 4 * 65535 && B <= 65535
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param WY 1|2
const WY: u32 = 1u;
//#option CENTER true|false
//#option PARTS 1|2
//#param S 1..
const S: i32 = 16000;
//#param NFFT 1..
const NFFT: u32 = 400u;
//#param HOP 1..
const HOP: u32 = 160u;
//#param FRAMES 1..
const FRAMES: u32 = 101u;
//#param BINS 1..
const BINS: u32 = 201u;
const TURNS: u32 = (NFFT + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> window: array<f32>;
@group(0) @binding(2) var<storage, read> table: array<vec2<f32>>;
//#if PARTS == 2
//: @group(0) @binding(3) var<storage, read_write> y: array<vec2<f32>>;
//#else
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
//#end

// WG samples of four frames, for each row of lanes.
var<workgroup> samples: array<array<vec4<f32>, WG>, WY>;

// Sample n of a frame; of the last one for frames beyond it.
fn sample_at(signal: u32, frame: u32, n: u32) -> f32 {
  let at = i32(min(frame, FRAMES - 1u) * HOP + n);
//#if CENTER
  let from_start = abs(at - i32(NFFT / 2u));
  return x[i32(signal) * S + min(from_start, 2 * (S - 1) - from_start)];
//#else
//: return x[i32(signal) * S + at];
//#end
}

@compute @workgroup_size(WG, WY)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>) {
  let bin = group.x * WG + lane.x;
//#if WY > 1
//: let row = lane.y;
//#else
  // A constant index needs no check.
  const row = 0u;
//#end
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
  //#unroll
  for (var j = 0u; j < 4u; j++) {
    if (frame + j < FRAMES) {
      let at = (group.z * FRAMES + frame + j) * BINS + bin;
//#if PARTS == 2
//:     y[at] = vec2<f32>(real[j], imaginary[j]);
//#else
      y[at] = real[j] * real[j] + imaginary[j] * imaginary[j];
//#end
    }
  }
}
