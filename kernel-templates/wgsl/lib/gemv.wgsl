//! What the products with few rows of x have in common, floats: y = x wᵀ, LANES lanes a row of w. The kernel declares
//! WG, LANES, ROWS, COLS, X, N, how x is read, the weights' format and the epilogue.
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
//#if X == tile
// Teams of LANES that read x together; elsewhere each reads all of it.
const NORM_TEAMS: u32 = WG / LANES;
//#else
//: const NORM_TEAMS: u32 = 1u;
//#end

// Turns in which the lanes of a row walk along it; in each they cover CHUNK vec4s of x.
const TURNS: u32 = (ROW_WORDS + LANES - 1u) / LANES;
const CHUNK: u32 = LANES * WORD_QUADS;
const RAGGED: bool = TURNS * CHUNK != K_QUADS || K % 4u != 0u;

//#if X == tile
// [COLS][WORD_QUADS][LANES + 1]: the lanes of a subgroup read neighbours, and write to different banks.
const TILE_STRIDE: u32 = LANES + 1u;
const TILE_TURNS: u32 = (CHUNK + WG - 1u) / WG;
var<workgroup> x_tile: array<vec4<f32>, COLS * WORD_QUADS * TILE_STRIDE>;
//#end

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
  // Rows beyond the last repeat it, and are not stored.
  var x_rows: array<u32, COLS>;
  //#unroll
  for (var c = 0u; c < COLS; c++) {
    x_rows[c] = min(group.y * COLS + c, m_end - 1u);
  }

  var sums: array<Reduced, COLS * PACKS>;
  for (var turn = 0u; turn < TURNS; turn++) {
    // The weights' loads come first: they are under way while x is fetched.
    let i = min(turn * LANES + column, ROW_WORDS - 1u);
    var words: array<Word, ROWS>;
    // Scale and minimum.
    var scales: array<vec2<f32>, ROWS>;
    //#unroll
    for (var r = 0u; r < ROWS; r++) {
      let n = min(row + r, N - 1u);
      words[r] = word_at(n, i);
      scales[r] = vec2<f32>(word_scale(n, i), word_min(n, i));
    }
//#if X == tile
    //#unroll
    for (var t = 0u; t < TILE_TURNS; t++) {
      let quad = t * WG + lane;
      if (CHUNK % WG == 0u || quad < CHUNK) {
        let to = quad % WORD_QUADS * TILE_STRIDE + quad / WORD_QUADS;
        //#unroll
        for (var c = 0u; c < COLS; c++) {
          x_tile[c * WORD_QUADS * TILE_STRIDE + to] = x_part(x_rows[c], turn * CHUNK + quad);
        }
      }
    }
    workgroupBarrier();
//#end
    // Naga and Tint clear a variable without initial value once a function, not once a turn.
    var dots = array<Reduced, COLS * PACKS>();
    // Sums of x, for what a minimum adds.
    var x_sums = array<f32, COLS>();
    //#unroll
    for (var q = 0u; q < WORD_QUADS; q++) {
      var xs: array<vec4<f32>, COLS>;
      //#unroll
      for (var c = 0u; c < COLS; c++) {
//#if X == tile
        xs[c] = x_tile[(c * WORD_QUADS + q) * TILE_STRIDE + column];
//#else
//:     xs[c] = x_part(x_rows[c], (turn * LANES + column) * WORD_QUADS + q);
//#end
        if (HAS_MIN) {
          x_sums[c] += dot(xs[c], vec4<f32>(1.0));
        }
      }
      //#unroll
      for (var r = 0u; r < ROWS; r++) {
        let weights = word_quad(words[r], q);
        //#unroll
        for (var c = 0u; c < COLS; c++) {
          let sum = dots[c * PACKS + r / PACK][r % PACK];
          dots[c * PACKS + r / PACK][r % PACK] = add_dot(sum, weights, xs[c]);
        }
      }
    }
    //#unroll
    for (var r = 0u; r < ROWS; r++) {
      //#unroll
      for (var c = 0u; c < COLS; c++) {
        var sum = scales[r].x * dots[c * PACKS + r / PACK][r % PACK];
        if (HAS_MIN) {
          sum += scales[r].y * x_sums[c];
        }
        sums[c * PACKS + r / PACK][r % PACK] += sum;
      }
    }
//#if X == tile
    workgroupBarrier();
//#end
  }

  let scale = sum_scale(lane, subgroup_size);
  //#unroll
  for (var i = 0u; i < COLS * PACKS; i++) {
    sums[i] = scale * reduce_add(sums[i], lane, subgroup_size);
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
