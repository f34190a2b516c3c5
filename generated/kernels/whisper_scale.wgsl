const WG: u32 = 256u;
const MELS: u32 = 1u;
const FRAMES: u32 = 1u;
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



alias Item = f32;
const ITEMS: u32 = MELS * FRAMES;

fn largest(x: Item) -> f32 {
  return x;
}
const TURNS: u32 = (ITEMS + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> y: array<Item>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let start = group.x * ITEMS;
  var peak = -3.0e38;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      peak = max(peak, largest(x[start + i]));
    }
  }
  let lowest = Item(reduce_max(peak, lane, subgroup_size) - 8.0);
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      y[start + i] = (max(x[start + i], lowest) + 4.0) / 4.0;
    }
  }
}
