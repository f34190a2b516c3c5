//! What every sum of products with a row that lib/norm_part.wgsl read is multiplied by: sum_scale, once all is read. The
//! kernel declares WG, LANES and NORM_TEAMS: how many teams of LANES lanes read a row together.
var<workgroup> team_squares: array<f32, NORM_TEAMS>;

// Holds barriers, as reductions do.
fn sum_scale(lane: u32, size: u32) -> f32 {
  var total = reduce_add(Reduced(squares), lane, size).x;
  if (NORM_TEAMS > 1u) {
    if (lane % LANES == 0u) {
      team_squares[lane / LANES] = total;
    }
    workgroupBarrier();
    total = team_squares[0];
    for (var i = 1u; i < NORM_TEAMS; i++) {
      total += team_squares[i];
    }
  }
  return inverseSqrt(total / f32(K) + EPS);
}
