//! y = x wᵀ for few rows of x, quantised to bytes: integer products of four at a time, a scale for each word of
//! weights (16 bytes) and block of x. LANES lanes share a row of w; each makes ROWS rows for COLS rows of x.
//! op linear(x: i8x4[M,K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(N / (WG / LANES * ROWS)), ceil(M / COLS)
//! needs M <= 16
//! needs LANES <= WG
//! needs EPI != glu || ROWS % 2 == 0
//! needs N <= 65535 * (WG / LANES * ROWS)
// The language feature packed_4x8_integer_dot_product.
//#option DOT4 true
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 128|32|64|256
const WG: u32 = 128u;
//#param LANES 32|8|16|64|128|256
const LANES: u32 = 32u;
//#param ROWS 4|1|2|8
const ROWS: u32 = 4u;
//#param COLS 1|2|4
const COLS: u32 = 1u;
//#param N 1..
const N: u32 = 64u;
//#include "lib/x_bytes.wgsl"
const COLUMNS: u32 = K;
//#option W q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/format_$W.wgsl"
//#include "lib/bytes.wgsl"
//#include "lib/epilogue.wgsl"
//#if COLS > 1
//#include "lib/rows.wgsl"
//#end

// Sums of neighbouring rows, reduced together.
//#if ROWS < 4
//: const PACK: u32 = 2u;
//: alias Reduced = vec2<f32>;
//#else
const PACK: u32 = 4u;
alias Reduced = vec4<f32>;
//#end
const PACKS: u32 = (ROWS + PACK - 1u) / PACK;
// Rows that one result takes.
//#if EPI == glu
//: const STEP: u32 = 2u;
//#else
const STEP: u32 = 1u;
//#end
//#include "lib/reduce.wgsl"

// Turns in which the lanes of a row walk along it.
const TURNS: u32 = (ROW_WORDS + LANES - 1u) / LANES;
const RAGGED: bool = ROW_WORDS % LANES != 0u;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let column = lane % LANES;
  let row = (group.x * (WG / LANES) + lane / LANES) * ROWS;
//#if COLS > 1
//: let m_end = row_count();
//#else
  // The grid has as many rows as x.
  let m_end = group.y + 1u;
//#end
  var sums: array<Reduced, COLS * PACKS>;
  for (var turn = 0u; turn < TURNS; turn++) {
    let at = turn * LANES + column;
    let i = min(at, ROW_WORDS - 1u);
    let block = i * WORD_BYTES / 2u;
    var words: array<Word, ROWS>;
    // Scale and minimum.
    var scales: array<vec2<f32>, ROWS>;
    //#unroll
    for (var r = 0u; r < ROWS; r++) {
      // Rows beyond the last repeat it, and are not stored; so do rows of x.
      let n = min(row + r, N - 1u);
      words[r] = word_at(n, i);
      scales[r] = vec2<f32>(word_scale(n, i), word_min(n, i));
    }
    //#unroll
    for (var c = 0u; c < COLS; c++) {
      let m = min(group.y * COLS + c, m_end - 1u);
      // Words beyond the last repeat it, and count nothing.
      let x_step = select(x_scale(m, block), 0.0, RAGGED && at >= ROW_WORDS);
      var xs: array<vec4<u32>, WORD_BYTES>;
      //#unroll
      for (var h = 0u; h < WORD_BYTES; h++) {
        xs[h] = x_bytes(m, i * WORD_BYTES + h);
      }
      // Sum of the word's columns, where something is added to each: that of a block, unless a word is half of one.
      var x_total = 0i;
      if (HAS_MIN || BYTES_ABOVE != 0) {
        if (WORD_BYTES == 1u) {
          x_total = add_dot16(0i, xs[0], vec4<u32>(0x01010101u));
        } else {
          x_total = x_sum(m, block);
        }
      }
      //#unroll
      for (var r = 0u; r < ROWS; r++) {
        var dots = -BYTES_ABOVE * x_total;
        //#unroll
        for (var h = 0u; h < WORD_BYTES; h++) {
          dots = add_dot16(dots, xs[h], word_bytes(words[r], h));
        }
        var sum = scales[r].x * f32(dots);
        if (HAS_MIN) {
          sum += scales[r].y * f32(x_total);
        }
        sums[c * PACKS + r / PACK][r % PACK] += x_step * sum;
      }
    }
  }

  //#unroll
  for (var i = 0u; i < COLS * PACKS; i++) {
    sums[i] = reduce_add(sums[i], lane, subgroup_size);
  }
  if (column != 0u) {
    return;
  }
  //#unroll
  for (var c = 0u; c < COLS; c++) {
    let m = group.y * COLS + c;
    //#unroll
    for (var r = 0u; r < ROWS; r += STEP) {
      if (m < m_end && row + r < N) {
//#if EPI == glu
//:     finish_pair(m, row + r, sums[c * PACKS + r / PACK][r % PACK], sums[c * PACKS + r / PACK][r % PACK + 1u]);
//#else
        finish(m, row + r, sums[c * PACKS + r / PACK][r % PACK]);
//#end
      }
    }
  }
}
