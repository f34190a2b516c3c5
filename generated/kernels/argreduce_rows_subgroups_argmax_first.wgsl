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


// Elements so that the largest is wanted.
fn key(x: f32) -> f32 {
  return x;
}

// Whether a later element takes the place of the best before it.
fn better(later: f32, best: f32) -> bool {
  return later > best;
}

const TURNS: u32 = (D + WG - 1u) / WG;

@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

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
  // Lanes beyond a row stand at its end, so that every lane has an element of it.
  var at = min(lane, D - 1u);
  var best = key(x[row * D + at]);
  for (var turn = 1u; turn < TURNS; turn++) {
    let i = turn * WG + lane;
    if (i < D) {
      let value = key(x[row * D + i]);
      if (better(value, best)) {
        best = value;
        at = i;
      }
    }
  }
  let most = reduce_max(best, lane, subgroup_size);
  // Indices below 2^24 are exact as floats.
  let place = -reduce_max(select(-0x1p24, -f32(at), best == most), lane, subgroup_size);
  if (lane == 0u) {
    y[row] = u32(place);
  }
}
