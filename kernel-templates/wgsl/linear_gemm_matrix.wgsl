//! y = x wᵀ for many rows of x, by subgroup matrices of halves. WX * WY subgroups of LANES lanes (the device's size)
//! make a block of WX * TN matrices of columns and WY * TM of rows, TM x TN a subgroup, from tiles of TK columns of x
//! and w in workgroup memory; the next tile is loaded while one is multiplied. Tiles come in pairs: of a word of a row
//! that both have columns of, the first half is one's and the second the other's, x's columns likewise, so that lanes
//! side by side load words side by side, and each once: what loads cost is how many rows they touch. MM, MN, MK: rows,
//! columns and depth of a matrix that the device multiplies; ACC: what it sums in. Intel's have 8 x 16 x 16, Apple's 8 x 8 x 8, AMD's
//! 16 x 16 x 16, NVIDIA's 16 x 8 x 16 (they have 16 x 16 x 16, too, which takes twice that and some copying).
//! op linear(x: f16[M,K], w: W[N,K], r?: f32[M,LDY], b?: f32[N]) -> y: f32[M,LDY]
//! grid ceil(M / (WY * TM * MM)), ceil(N / (WX * TN * MN))
//! needs M > 1
//! needs K % 8 == 0
//! needs WX * WY * LANES <= 256
//! needs TK % MK == 0
//! needs EPI != add || M > MM
//! needs (WX * TN * MN + WY * TM * MM) * (TK + PAD) * 2 + WX * WY * MM * MN * 4 <= 32768
// The features chromium-experimental-subgroup-matrix and shader-f16.
//#option MATRIX true
//#option E f16
enable f16;
enable chromium_experimental_subgroup_matrix;
// Lanes lie in subgroups in the order of their index, which the analysis does not know.
diagnostic(off, chromium.subgroup_matrix_uniformity);
//#option W f16|q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#param LANES 32|16|64
const LANES: u32 = 32u;
//#param WX 2|1|4
const WX: u32 = 2u;
//#param WY 2|1|4
const WY: u32 = 2u;
//#param TM 2|1|4|8
const TM: u32 = 2u;
//#param TN 2|1|4|7|8
const TN: u32 = 2u;
//#param TK 32|16|64|128
const TK: u32 = 32u;
// Halves between rows of a tile: with them, its rows begin in different banks.
//#param PAD 8|0
const PAD: u32 = 8u;
//#param MM 16|8
const MM: u32 = 16u;
//#param MN 16|8
const MN: u32 = 16u;
//#param MK 16|8
const MK: u32 = 16u;
//#param ACC f32|f16
alias ACC = f32;
//#param N 1..
const N: u32 = 64u;
//#include "lib/x_halves.wgsl"
const COLUMNS: u32 = K;
//#include "lib/format_$W.wgsl"
//#include "lib/word_halves.wgsl"
//#include "lib/epilogue.wgsl"
//#include "lib/rows.wgsl"

const WG: u32 = WX * WY * LANES;
const BM: u32 = WY * TM * MM;
const BN: u32 = WX * TN * MN;
const QUADS: u32 = TK / 4u;
const OCTS: u32 = TK / 8u;
const PAIRS: u32 = (K + 2u * TK - 1u) / (2u * TK);
const RAGGED: bool = K % (2u * TK) != 0u;
const STRIDE: u32 = (TK + PAD) / 4u;
// Tiles that share words: half a word is at least what x is read by, eight columns.
const SHARE: u32 = max(1u, min(2u, WORD_QUADS / 4u));
// Words of a row that are loaded at a time, and what a tile takes of each.
const WORDS: u32 = SHARE * QUADS / WORD_QUADS;
const PART_QUADS: u32 = WORD_QUADS / SHARE;
const PART_OCTS: u32 = max(PART_QUADS / 2u, 1u);
const X_TURNS: u32 = (BM * OCTS + WG - 1u) / WG;
const W_TURNS: u32 = (BN * WORDS + WG - 1u) / WG;
// Rows of a tile that are between what a lane loads in one turn and in the next.
const X_ROWS: u32 = WG / OCTS;
const W_ROWS: u32 = WG / WORDS;
// Columns that one result takes.
//#if EPI == glu
//: const STEP: u32 = 2u;
//#else
const STEP: u32 = 1u;
//#end
// Results of a matrix.
const RESULTS: u32 = MM * MN / STEP;

alias Left = subgroup_matrix_left<f16, MK, MM>;
alias Right = subgroup_matrix_right<f16, MN, MK>;
alias Sum = subgroup_matrix_result<ACC, MN, MM>;

var<workgroup> x_tile: array<vec4<f16>, BM * STRIDE>;
var<workgroup> w_tile: array<vec4<f16>, BN * STRIDE>;
// A matrix of each subgroup.
var<workgroup> results: array<ACC, WX * WY * MM * MN>;

// Where nothing but r is added, sums begin with it and go where they belong as matrices.
//#if EPI == add && ACT == none && BIAS == false && ACC == f32 && N >= 16 && LDY >= 16 && LDY % 4 == 0
//: const PLAIN: bool = true;
//:
//: fn sum_start(at: u32) -> Sum {
//:   return subgroupMatrixLoad<Sum, row_major>(&r, at, LDY);
//: }
//:
//: fn store_sum(at: u32, sum: Sum) {
//:   subgroupMatrixStore<row_major>(&y, at, sum, LDY);
//: }
//#else
const PLAIN: bool = false;

fn sum_start(at: u32) -> Sum {
  return Sum();
}

fn store_sum(at: u32, sum: Sum) {
}
//#end

// The word of a row that a unit of a tile is of. Beyond the row's end any does: x is 0 there.
fn word_of(pair: u32, part: u32, unit: u32) -> u32 {
  let word = select(2u * pair + part, pair, SHARE == 2u) * WORDS + unit % WORDS;
  return select(word, min(word, ROW_WORDS - 1u), RAGGED);
}

// The oct of a row of x that is one of a tile.
fn oct_of(pair: u32, part: u32, oct: u32) -> u32 {
  let half = oct / PART_OCTS * 2u * PART_OCTS + part * PART_OCTS + oct % PART_OCTS;
  return pair * 2u * OCTS + select(part * OCTS + oct, half, SHARE == 2u);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let subgroup = lane / LANES;
  let x_first = subgroup / WX * TM * MM;
  let w_first = subgroup % WX * TN * MN;
  // Rows and columns beyond the last are made of what lies there, or, behind a buffer, of what the device reads
  // then; they are not stored.
  let m_last = row_count() - 1u;
  var sums: array<array<Sum, TN>, TM>;
  // No row or column of the block is missing.
  let straight = PLAIN && (group.x + 1u) * BM <= m_last + 1u && (group.y + 1u) * BN <= N;
  let y_first = (group.x * BM + x_first) * LDY + group.y * BN + w_first;
  if (straight) {
    //#unroll
    for (var i = 0u; i < TM; i++) {
      //#unroll
      for (var j = 0u; j < TN; j++) {
        sums[i][j] = sum_start(y_first + i * MM * LDY + j * MN);
      }
    }
  }
  // Where a lane's part of a tile begins.
  //#if WX * WY * LANES / (TK / 8) % 8 == 0
  // Of eight rows of x, those four apart come one behind the other: neighbours begin in the same banks.
  let x_row = lane / OCTS / 8u * 8u + lane / OCTS % 2u * 4u + lane / OCTS % 8u / 2u;
  //#else
  //: let x_row = lane / OCTS;
  //#end
  let w_row = lane / WORDS;
  var x_next: array<vec4<u32>, X_TURNS>;
  var w_next: array<Word, W_TURNS>;
  // As they were loaded: to make numbers of them at once would wait for them.
  var w_scales: array<u32, W_TURNS>;
  //#unroll
  for (var t = 0u; t < X_TURNS; t++) {
    x_next[t] = x_oct(group.x * BM + x_row + t * X_ROWS, oct_of(0u, 0u, lane % OCTS));
  }
  //#unroll
  for (var t = 0u; t < W_TURNS; t++) {
    let n = group.y * BN + w_row + t * W_ROWS;
    w_next[t] = word_at(n, word_of(0u, 0u, lane));
    w_scales[t] = scale_word(n, word_of(0u, 0u, lane));
  }
  //#unroll
  for (var t = 0u; t < X_TURNS; t++) {
    if (BM * OCTS % WG == 0u || t * WG + lane < BM * OCTS) {
      let to = (x_row + t * X_ROWS) * STRIDE + lane % OCTS * 2u;
      x_tile[to] = bitcast<vec4<f16>>(x_next[t].xy);
      x_tile[to + 1u] = bitcast<vec4<f16>>(x_next[t].zw);
    }
  }
  //#unroll
  for (var t = 0u; t < W_TURNS; t++) {
    if (BN * WORDS % WG == 0u || t * WG + lane < BN * WORDS) {
      let to = (w_row + t * W_ROWS) * STRIDE + lane % WORDS * PART_QUADS;
      let n = group.y * BN + w_row + t * W_ROWS;
      let scales = scale_halves(w_scales[t], n, word_of(0u, 0u, lane));
      //#unroll
      for (var s = 0u; s < PART_QUADS; s++) {
        let q = select(s, 0u * PART_QUADS + s, SHARE == 2u);
        w_tile[to + s] = word_halves(w_next[t], q, scales.x, scales.y);
      }
    }
  }
  workgroupBarrier();
  for (var pair = 0u; pair < PAIRS; pair++) {
    //#unroll
    for (var turn = 0u; turn < 2u; turn++) {
      // What is loaded while the other part is multiplied: the pair's second, then the first of the next pair; after
      // the last, it again. Nothing is conditional, so that compilers can mix loads, multiplications and decoding.
      let part = 1u - turn;
      let next = min(pair + turn, PAIRS - 1u);
      //#unroll
      for (var t = 0u; t < X_TURNS; t++) {
        x_next[t] = x_oct(group.x * BM + x_row + t * X_ROWS, oct_of(next, part, lane % OCTS));
      }
      if (part == 0u || SHARE == 1u) {
        //#unroll
        for (var t = 0u; t < W_TURNS; t++) {
          let n = group.y * BN + w_row + t * W_ROWS;
          w_next[t] = word_at(n, word_of(next, part, lane));
          w_scales[t] = scale_word(n, word_of(next, part, lane));
        }
      }
      //#unroll
      for (var k = 0u; k < TK / MK; k++) {
        var xs: array<Left, TM>;
        //#unroll
        for (var i = 0u; i < TM; i++) {
          xs[i] = subgroupMatrixLoad<Left, row_major>(&x_tile, (x_first + i * MM) * STRIDE + k * (MK / 4u), STRIDE);
        }
        //#unroll
        for (var j = 0u; j < TN; j++) {
          let ws = subgroupMatrixLoad<Right, col_major>(&w_tile, (w_first + j * MN) * STRIDE + k * (MK / 4u), STRIDE);
          //#unroll
          for (var i = 0u; i < TM; i++) {
            sums[i][j] = subgroupMatrixMultiplyAccumulate(xs[i], ws, sums[i][j]);
          }
        }
      }
      workgroupBarrier();
      //#unroll
      for (var t = 0u; t < X_TURNS; t++) {
        if (BM * OCTS % WG == 0u || t * WG + lane < BM * OCTS) {
          let to = (x_row + t * X_ROWS) * STRIDE + lane % OCTS * 2u;
          x_tile[to] = bitcast<vec4<f16>>(x_next[t].xy);
          x_tile[to + 1u] = bitcast<vec4<f16>>(x_next[t].zw);
        }
      }
      //#unroll
      for (var t = 0u; t < W_TURNS; t++) {
        if (BN * WORDS % WG == 0u || t * WG + lane < BN * WORDS) {
          let to = (w_row + t * W_ROWS) * STRIDE + lane % WORDS * PART_QUADS;
          let n = group.y * BN + w_row + t * W_ROWS;
          let scales = scale_halves(w_scales[t], n, word_of(next, part, lane));
          //#unroll
          for (var s = 0u; s < PART_QUADS; s++) {
            let q = select(s, part * PART_QUADS + s, SHARE == 2u);
            w_tile[to + s] = word_halves(w_next[t], q, scales.x, scales.y);
          }
        }
      }
      workgroupBarrier();
    }
  }
  if (straight) {
    //#unroll
    for (var i = 0u; i < TM; i++) {
      //#unroll
      for (var j = 0u; j < TN; j++) {
        store_sum(y_first + i * MM * LDY + j * MN, sums[i][j]);
      }
    }
  }
  if (!straight) {
    //#unroll
    for (var i = 0u; i < TM; i++) {
      //#unroll
      for (var j = 0u; j < TN; j++) {
        subgroupMatrixStore<row_major>(&results, subgroup * MM * MN, sums[i][j], MN);
        workgroupBarrier();
        for (var t = 0u; t < (RESULTS + LANES - 1u) / LANES; t++) {
          let at = (t * LANES + lane % LANES) * STEP;
          let m = group.x * BM + x_first + i * MM + at / MN;
          let n = group.y * BN + w_first + j * MN + at % MN;
          if (at < MM * MN && m <= m_last && n < N) {
            let cell = subgroup * MM * MN + at;
//#if EPI == glu
//:         finish_pair(m, n, f32(results[cell]), f32(results[cell + 1u]));
//#else
            finish(m, n, f32(results[cell]));
//#end
          }
        }
        workgroupBarrier();
      }
    }
  }
}
