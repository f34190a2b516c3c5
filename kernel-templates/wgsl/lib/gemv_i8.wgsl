//! What the products with few rows of x as bytes have in common: y = x wᵀ, LANES lanes a row of w. The kernel declares
//! WG, LANES, ROWS, COLS, UNIT, N, how x is read, the weights' format, and the epilogue: STEP, the
//! rows of w that one result takes, finish_rows, and finished, when all of a workgroup's are.
// Sums of neighbouring rows, reduced together.
//#if ROWS < 4
//: const PACK: u32 = 2u;
//: alias Reduced = vec2<f32>;
//#else
const PACK: u32 = 4u;
alias Reduced = vec4<f32>;
//#end
const PACKS: u32 = (ROWS + PACK - 1u) / PACK;
//#include "lib/reduce.wgsl"

// Turns in which the lanes of a row walk along it.
const TURNS: u32 = (UNITS + LANES - 1u) / LANES;
const LAST_RAGGED: bool = UNITS % LANES != 0u;
// Groups of weights that a unit has parts of.
const SPANS: u32 = (UNIT * 4u * WORD_QUADS + GROUP - 1u) / GROUP;

// A unit of each of a lane's rows, and its scales as they were loaded: to make numbers of them would wait for them.
struct Words {
  units: array<Unit, ROWS>,
  scales: array<u32, ROWS * SPANS>,
}

fn words_at(row: u32, i: u32) -> Words {
  var loaded: Words;
  //#unroll
  for (var r = 0u; r < ROWS; r++) {
    // Rows beyond the last repeat it, and are not stored; so do rows of x.
    let n = min(row + r, N - 1u);
    loaded.units[r] = unit_at(n, i);
    //#unroll
    for (var s = 0u; s < SPANS; s++) {
      loaded.scales[r * SPANS + s] = scale_word(n, i * UNIT + s * UNIT / SPANS);
    }
  }
  return loaded;
}

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
  // The first loads are under way while x is made ready, those of a turn while the one before is worked on.
  var next = words_at(row, min(column, UNITS - 1u));
  x_ready(group.y, lane, subgroup_size);
  let scale = sum_scale(lane, subgroup_size);
  for (var turn = 0u; turn < TURNS; turn++) {
    let at = turn * LANES + column;
    let unit = min(at, UNITS - 1u);
    let own = next;
    if (turn + 1u < TURNS) {
      next = words_at(row, min(at + LANES, UNITS - 1u));
    }
    //#unroll
    for (var u = 0u; u < UNIT; u++) {
      let i = unit * UNIT + u;
      let block = i * WORD_BYTES / 2u;
      //#unroll
      for (var c = 0u; c < COLS; c++) {
        let m = min(group.y * COLS + c, m_end - 1u);
        // Words beyond the last repeat it, and count nothing.
        let x_step = select(x_scale(m, block), 0.0, LAST_RAGGED && at >= UNITS);
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
          let word = unit_word(own.units[r], u);
          let scales = scale_and_min(own.scales[r * SPANS + u * SPANS / UNIT], min(row + r, N - 1u), i);
          var dots = -BYTES_ABOVE * x_total;
          //#unroll
          for (var h = 0u; h < WORD_BYTES; h++) {
            dots = add_dot16(dots, xs[h], word_bytes(word, h));
          }
          var sum = scales.x * f32(dots);
          if (HAS_MIN) {
            sum += scales.y * f32(x_total);
          }
          sums[c * PACKS + r / PACK][r % PACK] += x_step * sum;
        }
      }
    }
  }

  //#unroll
  for (var i = 0u; i < COLS * PACKS; i++) {
    sums[i] = scale * reduce_add(sums[i], lane, subgroup_size);
  }
  if (column == 0u) {
    //#unroll
    for (var c = 0u; c < COLS; c++) {
      let m = group.y * COLS + c;
      //#unroll
      for (var r = 0u; r < ROWS; r += STEP) {
        if (m < m_end && row + r < N) {
          let first = sums[c * PACKS + r / PACK][r % PACK];
          finish_rows(m, row + r, first, sums[c * PACKS + r / PACK][(r + 1u) % PACK]);
        }
      }
    }
  }
  finished(group.x, lane);
}
