enable subgroups;
const WG: u32 = 256u;
const D: u32 = 77u;
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

alias Item = f32;
const PER_ITEM: u32 = 1u;

fn total(x: Item) -> f32 {
  return x;
}

fn square(x: Item) -> f32 {
  return x * x;
}

fn largest(x: Item) -> f32 {
  return x;
}

fn first(x: Item) -> f32 {
  return x;
}

fn product(x: Item) -> f32 {
  return x;
}

const LOWEST: f32 = -0x1.fffffep127;

fn term(x: Item, most: f32) -> Item {
  return x;
}

const NEUTRAL: f32 = 0.0;

fn join(a: f32, b: Item) -> f32 {
  return a + total(b);
}

fn result(all: f32, most: f32) -> f32 {
  return all;
}

const ITEMS: u32 = D / PER_ITEM;
const TURNS: u32 = (ITEMS + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
@builtin(subgroup_size) subgroup_size: u32,
) {
  let row = flat_group(group);
  if (row >= arrayLength(&y)) {
    return;
  }
  let start = row * ITEMS;
  let most = 0.0;
  var own = NEUTRAL;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      own = join(own, term(x[start + i], most));
    }
  }
  let all = reduce_add(own, lane, subgroup_size);
  if (lane == 0u) {
    y[row] = result(all, most);
  }
}
