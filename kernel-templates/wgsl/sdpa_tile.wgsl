//! Attention over activations in tiles (Dao et al. 2022: the softmax runs along, scores are never stored). A
//! workgroup takes 4 TY rows of one head, and 4 TX keys a turn; a lane takes 4 rows by 4 keys, then the same rows
//! by its quads of the values. Tiles pass through workgroup memory: CHUNK quads of queries and keys at a time,
//! then values, a part of the keys at a time where they are wide. E: with shader-f16, tiles and what values are
//! multiplied by are halves; scores and sums are f32 either way.
//! op sdpa(q: f32[B,M,H * HD + STACKED * KVH * (HD + VD)], k?: f32[B,L,KVH * HD], v?: f32[B,L,KVH * VD], len?: u32[B], bias?: f32[BB,HB,M,L],
//!   distances?: f32[H,2 * SPAN + 1], mask?: f32[MB,M,L],
//!   keymask?: f32[KB,L]) -> y: f32[B,M,H * VD]
//! grid H, ceil(M / (4 * TY)), B
//! needs H % KVH == 0
//! needs STACKED == 0 || HD == VD
//! needs H <= 65535 && B <= 65535
//! needs TX * TY <= 256
//! needs !(BLOCK && SUBGROUPS)
//! needs VD <= 64 * TX
//! needs E == f16 || 16 * (max((4 * TX + 4 * TY) * (CHUNK + 1), TX * TX * ceil(VD / (4 * TX))) + 4 * TY * (TX + 1) + TX * TY) <= 16384
//! needs 8 * (max((4 * TX + 4 * TY) * (CHUNK + 1), TX * TX * ceil(VD / (4 * TX))) + 4 * TY * (TX + 1)) + 16 * TX * TY <= 16384
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#option E f32|f16
//#if E == f16
//: enable f16;
//: alias Quad = vec4<f16>;
//#else
alias Quad = vec4<f32>;
//#end
// How the lanes are counted: in one dimension, or in TX columns and TY rows, where a subgroup's lanes need not be
// neighbours.
//#option BLOCK false|true
//#param TX 8|4|16
const TX: u32 = 8u;
//#param TY 8|4|16
const TY: u32 = 8u;
//#param CHUNK 8|4
const CHUNK: u32 = 8u;
//#param KVH 1..
const KVH: u32 = 4u;
//#param SCALE 0.0..
const SCALE: f32 = 0.125;
//#include "lib/sdpa_heads.wgsl"
//#include "lib/sdpa_scores.wgsl"
//#include "lib/math.wgsl"
const WG: u32 = TX * TY;
const LANES: u32 = TX;
// A component a row.
alias Reduced = vec4<f32>;
//#include "lib/reduce.wgsl"

const BQ: u32 = 4u * TY;
const BK: u32 = 4u * TX;
const TILES: u32 = (L + BK - 1u) / BK;
const CHUNKS: u32 = (QUADS + CHUNK - 1u) / CHUNK;
// One quad more than a row needs: lanes that read rows side by side then meet different banks.
const STRIDE: u32 = CHUNK + 1u;
const QK_CELLS: u32 = (BQ + BK) * STRIDE;
// Whole turns: TX, TY and CHUNK are powers of two, and neither of the first is above 4 CHUNK.
const Q_TURNS: u32 = BQ * CHUNK / WG;
const K_TURNS: u32 = BK * CHUNK / WG;
// Quads of values for a lane, TX apart.
const TV: u32 = (V_QUADS + TX - 1u) / TX;
// Turns in which the values of a tile pass, such that they fit where queries and keys were.
//#if TX * TX * ceil(VD / (4 * TX)) <= (TX + TY) * (CHUNK + 1)
const V_TURNS: u32 = 1u;
//#elif TX * TX * ceil(VD / (4 * TX)) <= 2 * (TX + TY) * (CHUNK + 1)
//: const V_TURNS: u32 = 2u;
//#else
//: const V_TURNS: u32 = 4u;
//#end
const VK: u32 = BK / V_TURNS;
const V_STRIDE: u32 = TV * TX;

// Queries, then keys; and values in their turn.
var<workgroup> tile: array<Quad, max(QK_CELLS, VK * V_STRIDE)>;
// [BQ][TX]: the weights of four keys to a quad.
const W_STRIDE: u32 = TX + 1u;
var<workgroup> weights: array<Quad, BQ * W_STRIDE>;

//#if BLOCK
//: @compute @workgroup_size(TX, TY)
//#else
@compute @workgroup_size(WG)
//#end
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let tx = lane % TX;
  let ty = lane / TX;
  let s = scope(group.z, group.x, lane);
  let kv_head = group.x / (H / KVH);
  let row = group.y * BQ;
  // Rows beyond the last repeat it, and are not stored.
  let last_row = s.rows - 1u;
  let begin = first_key(s, row);
  let end = end_key(s, min(row + BQ - 1u, last_row));
  var highest = vec4<f32>(UNSEEN);
  // Of this lane's keys alone; the sum over lanes waits until the end.
  var total = vec4<f32>();
  var mixed: array<array<vec4<f32>, TV>, 4>;
  for (var turn = 0u; turn < TILES; turn++) {
    let first = begin + turn * BK;
    if (first >= end) {
      break;
    }
    // Keys beyond the last repeat it, and are not seen.
    let last_key = end - 1u;
    var scores = array<vec4<f32>, 4>();
    for (var chunk = 0u; chunk < CHUNKS; chunk++) {
      //#unroll
      for (var t = 0u; t < Q_TURNS; t++) {
        let unit = t * WG + lane;
        let m = min(row + unit / CHUNK, last_row);
        let quad = q_quad(s.batch * s.rows + m, s.head, chunk * CHUNK + unit % CHUNK);
        tile[unit / CHUNK * STRIDE + unit % CHUNK] = Quad(quad * SCALE);
      }
      //#unroll
      for (var t = 0u; t < K_TURNS; t++) {
        let unit = t * WG + lane;
        let key = unit / CHUNK;
        let n = min(first + key, last_key);
        let quad = k_quad(s.batch * s.keys + n, kv_head, chunk * CHUNK + unit % CHUNK);
        // A lane's keys are neighbours; in the tile they lie TX apart, so that lanes read side by side.
        tile[(BQ + key % 4u * TX + key / 4u) * STRIDE + unit % CHUNK] = Quad(quad);
      }
      workgroupBarrier();
      for (var c = 0u; c < CHUNK; c++) {
        var keys: array<Quad, 4>;
        //#unroll
        for (var j = 0u; j < 4u; j++) {
          keys[j] = tile[(BQ + j * TX + tx) * STRIDE + c];
        }
        //#unroll
        for (var i = 0u; i < 4u; i++) {
          let query = tile[(i * TY + ty) * STRIDE + c];
          //#unroll
          for (var j = 0u; j < 4u; j++) {
            // In floats even where the tiles are halves: some models' scores go beyond the largest half.
            scores[i][j] = add_dot(scores[i][j], vec4<f32>(query), vec4<f32>(keys[j]));
          }
        }
      }
      workgroupBarrier();
    }

    let own = vec4<u32>(first + 4u * tx) + vec4<u32>(0u, 1u, 2u, 3u);
    let known = own <= vec4<u32>(last_key);
    var peak = vec4<f32>();
    //#unroll
    for (var i = 0u; i < 4u; i++) {
      let m = min(row + i * TY + ty, last_row);
      let all = scores_of(s, scores[i], m, min(own, vec4<u32>(last_key)));
      scores[i] = select(vec4<f32>(UNSEEN), all, known);
      peak[i] = max(max(scores[i].x, scores[i].y), max(scores[i].z, scores[i].w));
    }
    peak = max(highest, reduce_max(peak, lane, subgroup_size));
    let fade = exp(highest - peak);
    highest = peak;
    total *= fade;
    //#unroll
    for (var i = 0u; i < 4u; i++) {
      let seen = scores[i] > vec4<f32>(UNSEEN);
      let weight = select(vec4<f32>(), exp(scores[i] - peak[i]), seen);
      weights[(i * TY + ty) * W_STRIDE + tx] = Quad(weight);
      total[i] += dot(weight, vec4<f32>(1.0));
      //#unroll
      for (var u = 0u; u < TV; u++) {
        mixed[i][u] *= fade[i];
      }
    }

    for (var t = 0u; t < V_TURNS; t++) {
      for (var unit = lane; unit < VK * V_QUADS; unit += WG) {
        let n = min(first + t * VK + unit / V_QUADS, last_key);
        let quad = v_quad(s.batch * s.keys + n, kv_head, unit % V_QUADS);
        tile[unit / V_QUADS * V_STRIDE + unit % V_QUADS] = Quad(quad);
      }
      workgroupBarrier();
      for (var g = 0u; g < VK / 4u; g++) {
        var weight: array<Quad, 4>;
        //#unroll
        for (var i = 0u; i < 4u; i++) {
          weight[i] = weights[(i * TY + ty) * W_STRIDE + t * (VK / 4u) + g];
        }
        //#unroll
        for (var u = 0u; u < TV; u++) {
          var values: array<Quad, 4>;
          //#unroll
          for (var j = 0u; j < 4u; j++) {
            values[j] = tile[(4u * g + j) * V_STRIDE + u * TX + tx];
          }
          //#unroll
          for (var i = 0u; i < 4u; i++) {
            let w = weight[i];
            mixed[i][u] += vec4<f32>(w.x * values[0] + w.y * values[1] + w.z * values[2] + w.w * values[3]);
          }
        }
      }
      workgroupBarrier();
    }
  }

  total = reduce_add(total, lane, subgroup_size);
  //#unroll
  for (var i = 0u; i < 4u; i++) {
    let m = row + i * TY + ty;
    if (m <= last_row) {
      //#unroll
      for (var u = 0u; u < TV; u++) {
        if (u * TX + tx < V_QUADS) {
          // The highest score weighs 1, so less than that is a row that sees no key.
          y_store((s.batch * s.rows + m) * H + s.head, u * TX + tx, mixed[i][u] / max(total[i], 0.5));
        }
      }
    }
  }
}
