enable subgroups;
const WG: u32 = 256u;
const D: u32 = 2048u;
const EPS: f32 = 0.00001;
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


const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
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

// A row is read four elements at a time where it can be.
alias Item = vec4<f32>;
const PER_ITEM: u32 = 4u;

fn total(x: Item) -> f32 {
  return (x.x + x.y) + (x.z + x.w);
}

fn square(x: Item) -> f32 {
  return dot(x, x);
}

fn largest(x: Item) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

fn first(x: Item) -> f32 {
  return x.x;
}

fn product(x: Item) -> f32 {
  return (x.x * x.y) * (x.z * x.w);
}

const ITEMS: u32 = D / PER_ITEM;
const TURNS: u32 = (ITEMS + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read> g: array<Item>;
@group(0) @binding(2) var<storage, read_write> y: array<Item>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
@builtin(subgroup_size) subgroup_size: u32,
) {
  let to = flat_group(group) * ITEMS;
  if (to >= arrayLength(&y)) {
    return;
  }
let start = (step.seq - 1u) * ITEMS;
  var sum = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      sum += square(x[start + i]);
    }
  }
  let scale = inverseSqrt(reduce_add(sum, lane, subgroup_size) / f32(D) + EPS);
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      y[to + i] = x[start + i] * scale * g[i];
    }
  }
}
