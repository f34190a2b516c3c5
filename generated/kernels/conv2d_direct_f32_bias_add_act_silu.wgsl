const WG: u32 = 64u;
const PX: u32 = 8u;
const TP: u32 = 4u;
const CIN: u32 = 10u;
const IH: u32 = 9u;
const IW: u32 = 7u;
const COUT: u32 = 6u;
const OH: u32 = 5u;
const OW: u32 = 7u;
const KH: u32 = 3u;
const KW: u32 = 2u;
const SH: u32 = 2u;
const SW: u32 = 1u;
const DH: u32 = 1u;
const DW: u32 = 3u;
const PT: u32 = 1u;
const PL: u32 = 2u;
const GROUPS: u32 = 2u;

// Channels of a group.
const GIN: u32 = CIN / GROUPS;
const GOUT: u32 = COUT / GROUPS;
// Elements of an output plane.
const PIXELS: u32 = OH * OW;

const COLUMNS: u32 = GIN * KH * KW;
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
y[at] = act(value + r[at]);
}


const STRIP: u32 = (OW + TP - 1u) / TP;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let unit = group.x * PX + lane % PX;
  let channel = group.y * (WG / PX) + lane / PX;
  if (unit >= OH * STRIP || channel >= COUT) {
    return;
  }
  let oh = unit / STRIP;
  let ow = unit % STRIP;
  let first = group.z * CIN + channel / GOUT * GIN;
  var sums: array<f32, TP>;
  for (var c = 0u; c < GIN; c++) {
    for (var kh = 0u; kh < KH; kh++) {
      // Above the input this wraps to a large number: one comparison serves both edges.
      let ih = oh * SH + kh * DH - PT;
      if (ih >= IH) {
        continue;
      }
      let row = ((first + c) * IH + ih) * IW;
      for (var kw = 0u; kw < KW; kw++) {
        let weight = weight_at(channel, (c * KH + kh) * KW + kw);
        {
          let iw = (ow + 0u * STRIP) * SW + kw * DW - PL;
          sums[0u] += weight * select(0.0, x[row + iw], iw < IW);
        }
        {
          let iw = (ow + 1u * STRIP) * SW + kw * DW - PL;
          sums[1u] += weight * select(0.0, x[row + iw], iw < IW);
        }
        {
          let iw = (ow + 2u * STRIP) * SW + kw * DW - PL;
          sums[2u] += weight * select(0.0, x[row + iw], iw < IW);
        }
        {
          let iw = (ow + 3u * STRIP) * SW + kw * DW - PL;
          sums[3u] += weight * select(0.0, x[row + iw], iw < IW);
        }
      }
    }
  }
  {
    if (ow + 0u * STRIP < OW) {
      finish(group.z, channel, oh * OW + ow + 0u * STRIP, sums[0u]);
    }
  }
  {
    if (ow + 1u * STRIP < OW) {
      finish(group.z, channel, oh * OW + ow + 1u * STRIP, sums[1u]);
    }
  }
  {
    if (ow + 2u * STRIP < OW) {
      finish(group.z, channel, oh * OW + ow + 2u * STRIP, sums[2u]);
    }
  }
  {
    if (ow + 3u * STRIP < OW) {
      finish(group.z, channel, oh * OW + ow + 3u * STRIP, sums[3u]);
    }
  }
}
