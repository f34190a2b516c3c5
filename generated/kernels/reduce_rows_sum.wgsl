const WG: u32 = 256u;
const D: u32 = 77u;
const LANES: u32 = WG;
alias Reduced = f32;
var<workgroup> reduce_cells: array<Reduced, WG>;

// The shape with subgroups is told their size; here the name only fills its place in calls.
const subgroup_size: u32 = 1u;

fn reduce_add(value: Reduced, lane: u32, size: u32) -> Reduced {
  let i = lane % LANES;
  var total = value;
  reduce_cells[lane] = total;
  workgroupBarrier();
  {
    if (i < max(256u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 4u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 5u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 6u * max(256u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 7u * max(256u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
  {
    if (i < max(32u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 4u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 5u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 6u * max(32u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 7u * max(32u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
  {
    if (i < max(4u / 8u, 1u)) {
      {
        total += reduce_cells[lane + 1u * max(4u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 2u * max(4u / 8u, 1u)];
      }
      {
        total += reduce_cells[lane + 3u * max(4u / 8u, 1u)];
      }
      reduce_cells[lane] = total;
    }
    workgroupBarrier();
  }
  total = reduce_cells[lane - i];
  workgroupBarrier();
  return total;
}

fn reduce_max(value: Reduced, lane: u32, size: u32) -> Reduced {
  let i = lane % LANES;
  var best = value;
  reduce_cells[lane] = best;
  workgroupBarrier();
  {
    if (i < max(256u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 4u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 5u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 6u * max(256u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 7u * max(256u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  {
    if (i < max(32u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 4u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 5u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 6u * max(32u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 7u * max(32u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  {
    if (i < max(4u / 8u, 1u)) {
      {
        best = max(best, reduce_cells[lane + 1u * max(4u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 2u * max(4u / 8u, 1u)]);
      }
      {
        best = max(best, reduce_cells[lane + 3u * max(4u / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  best = reduce_cells[lane - i];
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
