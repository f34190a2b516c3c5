//! Reductions through workgroup memory: eight to one a turn, so that barriers are few.
var<workgroup> reduce_cells: array<Reduced, WG>;

// The shape with subgroups is told their size; here the name only fills its place in calls.
const subgroup_size: u32 = 1u;

fn reduce_add(value: Reduced, lane: u32, size: u32) -> Reduced {
  let i = lane % LANES;
  var total = value;
  reduce_cells[lane] = total;
  workgroupBarrier();
  //#unroll
  for (var count = LANES; count > 1u; count /= 8u) {
    if (i < max(count / 8u, 1u)) {
      //#unroll
      for (var j = 1u; j < count / max(count / 8u, 1u); j++) {
        total += reduce_cells[lane + j * max(count / 8u, 1u)];
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
  //#unroll
  for (var count = LANES; count > 1u; count /= 8u) {
    if (i < max(count / 8u, 1u)) {
      //#unroll
      for (var j = 1u; j < count / max(count / 8u, 1u); j++) {
        best = max(best, reduce_cells[lane + j * max(count / 8u, 1u)]);
      }
      reduce_cells[lane] = best;
    }
    workgroupBarrier();
  }
  best = reduce_cells[lane - i];
  workgroupBarrier();
  return best;
}
