const WG: u32 = 256u;
const C: u32 = 1u;
const S: u32 = 1u;
const GROUPS: u32 = 1u;
const EPS: f32 = 0.00001;
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


fn act(x: f32) -> f32 {
  return x;
}

// A quad is of one channel.
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

const CHANNELS: u32 = C / GROUPS;
const PLACES: u32 = S / PER_ITEM;
const ITEMS: u32 = CHANNELS * PLACES;
const TURNS: u32 = (ITEMS + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Item>;

fn act_item(x: Item) -> Item {
  return act(x);
}

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let start = (group.y * GROUPS + group.x) * ITEMS;
  let shift = first(x[start]);
  var sum = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      sum += total(x[start + i] - shift);
    }
  }
  let mean = reduce_add(sum, lane, subgroup_size) / f32(CHANNELS * S);
  var squares = 0.0;
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      squares += square((x[start + i] - shift) - mean);
    }
  }
  let scale = inverseSqrt(reduce_add(squares, lane, subgroup_size) / f32(CHANNELS * S) + EPS);
  for (var turn = 0u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < ITEMS) {
      var value = ((x[start + i] - shift) - mean) * scale;
      let channel = group.x * CHANNELS + i / PLACES;
      value = value * g[channel] + b[channel];
      y[start + i] = act_item(value);
    }
  }
}
