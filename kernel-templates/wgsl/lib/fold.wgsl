//! Grids of one dimension, folded: a dimension of a dispatch has at most 65535 workgroups. A kernel's grid is
//! `min(n, FOLD), ceil(n / FOLD)`; the last row of it may hold workgroups beyond n.
//#param FOLD 65535|3
const FOLD: u32 = 65535u;

fn flat_group(group: vec3<u32>) -> u32 {
  return group.y * FOLD + group.x;
}
