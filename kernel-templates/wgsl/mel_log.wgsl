//! Decibel-like log of the power in bands: SCALE log10(max(filters · power, FLOOR)), bands first. A lane makes a
//! frame of TM bands, a workgroup WG frames of WY times as many.
//! op mel_log(power: f32[B,FRAMES,BINS], filters: f32[MELS,BINS]) -> y: f32[B,MELS,FRAMES]
//! grid ceil(FRAMES / WG), ceil(MELS / (TM * WY)), B
//! needs WG * WY <= 256
//! needs B <= 65535 && MELS <= 65535 * TM && FRAMES <= 65535 * WG
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param WY 1|2
const WY: u32 = 1u;
//#param TM 8|4
const TM: u32 = 8u;
//#param FRAMES 1..
const FRAMES: u32 = 100u;
//#param BINS 1..
const BINS: u32 = 201u;
//#param MELS 1..
const MELS: u32 = 80u;
//#param FLOOR 1e-30..
const FLOOR: f32 = 1e-10;
//#param SCALE 0.0..
const SCALE: f32 = 1.0;
const LOG10_2: f32 = 0.30102999566;

@group(0) @binding(0) var<storage, read_write> power: array<f32>;
@group(0) @binding(1) var<storage, read> filters: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG, WY)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>) {
  let frame = group.x * WG + lane.x;
  let first = (group.y * WY + lane.y) * TM;
  if (frame >= FRAMES) {
    return;
  }
  let row = (group.z * FRAMES + frame) * BINS;
  var sums: array<f32, TM>;
  for (var bin = 0u; bin < BINS; bin++) {
    let value = power[row + bin];
    //#unroll
    for (var j = 0u; j < TM; j++) {
      // Bands beyond the last read anything, and are not stored.
      sums[j] += value * filters[(first + j) * BINS + bin];
    }
  }
  //#unroll
  for (var j = 0u; j < TM; j++) {
    let band = first + j;
    if (band < MELS) {
      y[(group.z * MELS + band) * FRAMES + frame] = SCALE * LOG10_2 * log2(max(sums[j], FLOOR));
    }
  }
}
