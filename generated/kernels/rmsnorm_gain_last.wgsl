const WG: u32 = 256u;
const D: u32 = 2048u;
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
