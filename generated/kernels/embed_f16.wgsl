const WG: u32 = 64u;
const V: u32 = 32000u;
const D: u32 = 2048u;
const ROW0: u32 = 0u;
const COLUMNS: u32 = D;
const WORD_QUADS: u32 = 2u;
const ROW_WORDS: u32 = (COLUMNS + 7u) / 8u;
alias Word = vec4<u32>;

@group(0) @binding(1) var<storage, read> w: array<Word>;

fn word_at(row: u32, i: u32) -> Word {
  return w[row * ROW_WORDS + i];
}

fn word_quad(word: Word, q: u32) -> vec4<f32> {
  let halves = select(word.xy, word.zw, q == 1u);
  return vec4<f32>(unpack2x16float(halves.x), unpack2x16float(halves.y));
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


struct Step {
  /// Tokens in this step.
  seq: u32,
  /// Tokens in the KV cache before it.
  past: u32,
  seed: u32,
  /// 0: all.
  top_k: u32,
  /// 1: all.
  top_p: f32,
  /// 0: greedy.
  temperature: f32,
  /// 0: don't write the next token.
  sample: u32,
  /// Of repetition; 1: none.
  penalty: f32,
}
@group(0) @binding(15) var<uniform> step: Step;


@group(0) @binding(0) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  // Below ROW0 it wraps around to something large, which is not of this piece either.
  let row = tokens[step.past + group.y] - ROW0;
  let quad = group.x * WG + lane;
  if (row >= V || quad * 4u >= D) {
    return;
  }
  let i = quad / WORD_QUADS;
  let values = word_quad(word_at(row, i), quad % WORD_QUADS) * word_scale(row, i) + word_min(row, i);
  {
    if (D % 4u == 0u || quad * 4u + 0u < D) {
      y[group.y * D + quad * 4u + 0u] = values[0u];
    }
  }
  {
    if (D % 4u == 0u || quad * 4u + 1u < D) {
      y[group.y * D + quad * 4u + 1u] = values[1u];
    }
  }
  {
    if (D % 4u == 0u || quad * 4u + 2u < D) {
      y[group.y * D + quad * 4u + 2u] = values[2u];
    }
  }
  {
    if (D % 4u == 0u || quad * 4u + 3u < D) {
      y[group.y * D + quad * 4u + 3u] = values[3u];
    }
  }
}
