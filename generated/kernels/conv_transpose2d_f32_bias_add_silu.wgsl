const WG: u32 = 64u;
const PX: u32 = 64u;
const TP: u32 = 4u;
const CIN: u32 = 6u;
const IH: u32 = 3u;
const IW: u32 = 4u;
const COUT: u32 = 10u;
const OH: u32 = 8u;
const OW: u32 = 11u;
const KH: u32 = 4u;
const KW: u32 = 3u;
const SH: u32 = 2u;
const SW: u32 = 3u;
const DH: u32 = 1u;
const DW: u32 = 2u;
const PT: u32 = 1u;
const PL: u32 = 2u;
const GROUPS: u32 = 2u;

// Channels of a group.
const GIN: u32 = CIN / GROUPS;
const GOUT: u32 = COUT / GROUPS;
// Elements of an output plane.
const PIXELS: u32 = OH * OW;

const COLUMNS: u32 = GOUT * KH * KW;
const WORD_QUADS: u32 = 1u;
const ROW_WORDS: u32 = (COLUMNS + 3u) / 4u;
alias Word = vec4<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(word);
}
const HAS_MIN: bool = false;

fn word_scale(row: u32, i: u32) -> f32 {
  return 1.0;
}

fn word_min(row: u32, i: u32) -> f32 {
  return 0.0;
}

fn scale_word(row: u32, i: u32) -> u32 {
  return 0u;
}

fn scale_and_min(word: u32, row: u32, i: u32) -> vec2<f32> {
  return vec2<f32>(1.0, 0.0);
}


fn weight_at(row: u32, column: u32) -> f32 {
  let i = column / (4u * WORD_QUADS);
  let quad = word_quad(word_at(row, i), column / 4u % WORD_QUADS);
  return quad[column % 4u] * word_scale(row, i) + word_min(row, i);
}

fn act(x: f32) -> f32 {
  return x / (1.0 + exp(min(-x, 80.0)));
}

@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read_write> r: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn finish(batch: u32, channel: u32, pixel: u32, sum: f32) {
  let at = (batch * COUT + channel) * PIXELS + pixel;
let value = sum + b[channel];
y[at] = act(value) + r[at];
}


// Lanes of a row of y: SW neighbours, then SW that begin TP * SW later.
const STRIP: u32 = (OW + TP * SW - 1u) / (TP * SW) * SW;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * PX + lane % PX;
  let channel = group.y * (WG / PX) + lane / PX;
  if (unit >= OH * STRIP || channel >= COUT) {
    return;
  }
  let oh = unit / STRIP;
  let ow = unit % STRIP / SW * TP * SW + unit % SW;
  let first = channel / GOUT * GIN;
  var sums: array<f32, TP>;
  for (var kh = 0u; kh < KH; kh++) {
    // The row of x that meets this tap, if one does; KH * DH rows more keep it positive until it is known, and
    // above the first it wraps to a large number.
    let down = oh + PT + KH * DH * SH - kh * DH;
    let ih = down / SH - KH * DH;
    if (down % SH != 0u || ih >= IH) {
      continue;
    }
    for (var kw = 0u; kw < KW; kw++) {
      // The same for a column; the lane's other pixels meet its right neighbours.
      let right = ow + PL + KW * DW * SW - kw * DW;
      let iw = right / SW - KW * DW;
      if (right % SW != 0u) {
        continue;
      }
      for (var c = 0u; c < GIN; c++) {
        let weight = weight_at(first + c, (channel % GOUT * KH + kh) * KW + kw);
        let row = ((group.z * CIN + first + c) * IH + ih) * IW;
        {
          let at = iw + 0u;
          sums[0u] += weight * select(0.0, x[row + at], at < IW);
        }
        {
          let at = iw + 1u;
          sums[1u] += weight * select(0.0, x[row + at], at < IW);
        }
        {
          let at = iw + 2u;
          sums[2u] += weight * select(0.0, x[row + at], at < IW);
        }
        {
          let at = iw + 3u;
          sums[3u] += weight * select(0.0, x[row + at], at < IW);
        }
      }
    }
  }
  {
    if (ow + 0u * SW < OW) {
      finish(group.z, channel, oh * OW + ow + 0u * SW, sums[0u]);
    }
  }
  {
    if (ow + 1u * SW < OW) {
      finish(group.z, channel, oh * OW + ow + 1u * SW, sums[1u]);
    }
  }
  {
    if (ow + 2u * SW < OW) {
      finish(group.z, channel, oh * OW + ow + 2u * SW, sums[2u]);
    }
  }
  {
    if (ow + 3u * SW < OW) {
      finish(group.z, channel, oh * OW + ow + 3u * SW, sums[3u]);
    }
  }
}
