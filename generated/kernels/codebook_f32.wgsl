const WG: u32 = 64u;
const Q: u32 = 3u;
const V: u32 = 7u;
const D: u32 = 40u;
const COLUMNS: u32 = D;
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



@group(0) @binding(0) var<storage, read_write> codes: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let quad = group.x * WG + lane;
  if (quad * 4u >= D) {
    return;
  }
  let i = quad / WORD_QUADS;
  var sum = vec4<f32>();
  for (var q = 0u; q < Q; q++) {
    // As many steps of time as the grid has rows.
    let row = q * V + min(codes[q * groups.y + group.y], V - 1u);
    sum += word_quad(word_at(row, i), quad % WORD_QUADS) * word_scale(row, i) + word_min(row, i);
  }
  {
    if (quad * 4u + 0u < D) {
      y[group.y * D + quad * 4u + 0u] = sum[0u];
    }
  }
  {
    if (quad * 4u + 1u < D) {
      y[group.y * D + quad * 4u + 1u] = sum[1u];
    }
  }
  {
    if (quad * 4u + 2u < D) {
      y[group.y * D + quad * 4u + 2u] = sum[2u];
    }
  }
  {
    if (quad * 4u + 3u < D) {
      y[group.y * D + quad * 4u + 3u] = sum[3u];
    }
  }
}
