//! What kernels that merge the parts of a head have in common. The kernel declares WG, CHUNK, H, HD, SPLITS, WINDOW, and
//! what becomes of a quad: merged, then finished in uniform control flow.
//#include "lib/step.wgsl"
const LANES: u32 = WG;
alias Reduced = f32;
//#include "lib/reduce.wgsl"
const QUADS: u32 = HD / 4u;
const SLICES: u32 = WG / QUADS;
// Parts whose loads are under way at a time.
const AHEAD: u32 = 4u;
const TURNS: u32 = (SPLITS + SLICES * AHEAD - 1u) / (SLICES * AHEAD);
// Below any score.
const LOWEST: f32 = -3.0e38;

@group(0) @binding(0) var<storage, read_write> part: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> stats: array<vec2<f32>>;

var<workgroup> weights: array<f32, SPLITS>;
var<workgroup> cells: array<vec4<f32>, WG>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
//#if SUBGROUPS
//: @builtin(subgroup_size) subgroup_size: u32,
//#end
) {
  let head = group.x;
  let quad = lane % QUADS;
  let slice = lane / QUADS;
  // Splits that the row has; there may have been fewer keys than the cache holds.
//#if WINDOW > 0
//: let count = (min(step.past + 1u, WINDOW) + CHUNK - 1u) / CHUNK;
//#else
  let count = (step.past + CHUNK) / CHUNK;
//#end
  var highest = LOWEST;
  for (var i = lane; i < SPLITS; i += WG) {
    if (i < count) {
      highest = max(highest, stats[head * SPLITS + i].x);
    }
  }
  highest = reduce_max(highest, lane, subgroup_size);
  var total = 0.0;
  for (var i = lane; i < SPLITS; i += WG) {
    if (i < count) {
      let stat = stats[head * SPLITS + i];
      let weight = exp(stat.x - highest);
      weights[i] = weight;
      total += weight * stat.y;
    }
  }
  total = reduce_add(total, lane, subgroup_size);
  workgroupBarrier();
  var mixed = vec4<f32>();
  if (slice < SLICES) {
    for (var turn = 0u; turn < TURNS; turn++) {
      if (turn * SLICES * AHEAD >= count) {
        break;
      }
      // Behind the last split nothing was written: those places repeat the last, with weight 0.
      //#unroll
      for (var u = 0u; u < AHEAD; u++) {
        let i = (turn * AHEAD + u) * SLICES + slice;
        let there = min(i, count - 1u);
        let weight = select(0.0, weights[there], i < count);
        mixed += weight * part[(head * SPLITS + there) * QUADS + quad];
      }
    }
  }
  cells[lane] = mixed;
  workgroupBarrier();
  if (lane < QUADS) {
    var sum = mixed;
    for (var i = 1u; i < SLICES; i++) {
      sum += cells[i * QUADS + lane];
    }
    merged(head, lane, sum / total);
  }
  finished(head, lane);
}
