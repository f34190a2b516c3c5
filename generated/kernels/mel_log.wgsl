const WG: u32 = 64u;
const WY: u32 = 1u;
const TM: u32 = 8u;
const FRAMES: u32 = 1u;
const BINS: u32 = 1u;
const MELS: u32 = 1u;
const FLOOR: f32 = 1e-10;
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
    {
      // Bands beyond the last read anything, and are not stored.
      sums[0u] += value * filters[(first + 0u) * BINS + bin];
    }
    {
      // Bands beyond the last read anything, and are not stored.
      sums[1u] += value * filters[(first + 1u) * BINS + bin];
    }
    {
      // Bands beyond the last read anything, and are not stored.
      sums[2u] += value * filters[(first + 2u) * BINS + bin];
    }
    {
      // Bands beyond the last read anything, and are not stored.
      sums[3u] += value * filters[(first + 3u) * BINS + bin];
    }
    {
      // Bands beyond the last read anything, and are not stored.
      sums[4u] += value * filters[(first + 4u) * BINS + bin];
    }
    {
      // Bands beyond the last read anything, and are not stored.
      sums[5u] += value * filters[(first + 5u) * BINS + bin];
    }
    {
      // Bands beyond the last read anything, and are not stored.
      sums[6u] += value * filters[(first + 6u) * BINS + bin];
    }
    {
      // Bands beyond the last read anything, and are not stored.
      sums[7u] += value * filters[(first + 7u) * BINS + bin];
    }
  }
  {
    let band = first + 0u;
    if (band < MELS) {
      y[(group.z * MELS + band) * FRAMES + frame] = SCALE * LOG10_2 * log2(max(sums[0u], FLOOR));
    }
  }
  {
    let band = first + 1u;
    if (band < MELS) {
      y[(group.z * MELS + band) * FRAMES + frame] = SCALE * LOG10_2 * log2(max(sums[1u], FLOOR));
    }
  }
  {
    let band = first + 2u;
    if (band < MELS) {
      y[(group.z * MELS + band) * FRAMES + frame] = SCALE * LOG10_2 * log2(max(sums[2u], FLOOR));
    }
  }
  {
    let band = first + 3u;
    if (band < MELS) {
      y[(group.z * MELS + band) * FRAMES + frame] = SCALE * LOG10_2 * log2(max(sums[3u], FLOOR));
    }
  }
  {
    let band = first + 4u;
    if (band < MELS) {
      y[(group.z * MELS + band) * FRAMES + frame] = SCALE * LOG10_2 * log2(max(sums[4u], FLOOR));
    }
  }
  {
    let band = first + 5u;
    if (band < MELS) {
      y[(group.z * MELS + band) * FRAMES + frame] = SCALE * LOG10_2 * log2(max(sums[5u], FLOOR));
    }
  }
  {
    let band = first + 6u;
    if (band < MELS) {
      y[(group.z * MELS + band) * FRAMES + frame] = SCALE * LOG10_2 * log2(max(sums[6u], FLOOR));
    }
  }
  {
    let band = first + 7u;
    if (band < MELS) {
      y[(group.z * MELS + band) * FRAMES + frame] = SCALE * LOG10_2 * log2(max(sums[7u], FLOOR));
    }
  }
}
