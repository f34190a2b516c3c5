const WG: u32 = 64u;
const D: u32 = 1u;
const ROW0: u32 = 0u;

@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> rows: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  {
    let i = (group.x * 4u + 0u) * WG + lane;
    if (i < D) {
      rows[(ROW0 + group.y) * D + i] = x[group.y * D + i];
    }
  }
  {
    let i = (group.x * 4u + 1u) * WG + lane;
    if (i < D) {
      rows[(ROW0 + group.y) * D + i] = x[group.y * D + i];
    }
  }
  {
    let i = (group.x * 4u + 2u) * WG + lane;
    if (i < D) {
      rows[(ROW0 + group.y) * D + i] = x[group.y * D + i];
    }
  }
  {
    let i = (group.x * 4u + 3u) * WG + lane;
    if (i < D) {
      rows[(ROW0 + group.y) * D + i] = x[group.y * D + i];
    }
  }
}
