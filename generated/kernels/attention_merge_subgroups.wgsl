enable subgroups;
const WG: u32 = 128u;
const CHUNK: u32 = 32u;
const H: u32 = 32u;
const HD: u32 = 64u;
const C: u32 = 2048u;
const SPLITS: u32 = 64u;
const WINDOW: u32 = 0u;
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

const LANES: u32 = WG;
alias Reduced = f32;
const SMALLEST_SUBGROUP: u32 = 4u;

var<workgroup> reduce_cells: array<Reduced, WG / SMALLEST_SUBGROUP>;

fn reduce_add(value: Reduced, lane: u32, size: u32) -> Reduced {
  var total = value;
  if (size > LANES) {
    // Several reductions side by side in a subgroup.
    {
      total += subgroupShuffleXor(total, 1u);
    }
    {
      total += subgroupShuffleXor(total, 2u);
    }
    {
      total += subgroupShuffleXor(total, 4u);
    }
    {
      total += subgroupShuffleXor(total, 8u);
    }
    {
      total += subgroupShuffleXor(total, 16u);
    }
    {
      total += subgroupShuffleXor(total, 32u);
    }
    {
      total += subgroupShuffleXor(total, 64u);
    }
    return total;
  }
  total = subgroupAdd(total);
  if (size == LANES) {
    return total;
  }
  if (lane % size == 0u) {
    reduce_cells[lane / size] = total;
  }
  workgroupBarrier();
  let first = lane / LANES * (LANES / size);
  total = reduce_cells[first];
  for (var i = 1u; i < LANES / SMALLEST_SUBGROUP; i++) {
    if (i * size >= LANES) {
      break;
    }
    total += reduce_cells[first + i];
  }
  workgroupBarrier();
  return total;
}

fn reduce_max(value: Reduced, lane: u32, size: u32) -> Reduced {
  var best = value;
  if (size > LANES) {
    {
      best = max(best, subgroupShuffleXor(best, 1u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 2u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 4u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 8u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 16u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 32u));
    }
    {
      best = max(best, subgroupShuffleXor(best, 64u));
    }
    return best;
  }
  best = subgroupMax(best);
  if (size == LANES) {
    return best;
  }
  if (lane % size == 0u) {
    reduce_cells[lane / size] = best;
  }
  workgroupBarrier();
  let first = lane / LANES * (LANES / size);
  best = reduce_cells[first];
  for (var i = 1u; i < LANES / SMALLEST_SUBGROUP; i++) {
    if (i * size >= LANES) {
      break;
    }
    best = max(best, reduce_cells[first + i]);
  }
  workgroupBarrier();
  return best;
}


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
@builtin(subgroup_size) subgroup_size: u32,
) {
  let head = group.x;
  let quad = lane % QUADS;
  let slice = lane / QUADS;
  // Splits that the row has; there may have been fewer keys than the cache holds.
  let count = (step.past + CHUNK) / CHUNK;
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
      {
        let i = (turn * AHEAD + 0u) * SLICES + slice;
        let there = min(i, count - 1u);
        let weight = select(0.0, weights[there], i < count);
        mixed += weight * part[(head * SPLITS + there) * QUADS + quad];
      }
      {
        let i = (turn * AHEAD + 1u) * SLICES + slice;
        let there = min(i, count - 1u);
        let weight = select(0.0, weights[there], i < count);
        mixed += weight * part[(head * SPLITS + there) * QUADS + quad];
      }
      {
        let i = (turn * AHEAD + 2u) * SLICES + slice;
        let there = min(i, count - 1u);
        let weight = select(0.0, weights[there], i < count);
        mixed += weight * part[(head * SPLITS + there) * QUADS + quad];
      }
      {
        let i = (turn * AHEAD + 3u) * SLICES + slice;
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


@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;

fn merged(head: u32, quad: u32, value: vec4<f32>) {
  y[head * QUADS + quad] = value;
}

fn finished(head: u32, lane: u32) {}
