const WG: u32 = 64u;
const A: u32 = 1u;
const V: u32 = 1u;
const S: u32 = 1u;

alias Item = u32;
const WIDTH: u32 = 1u;
const ROW: u32 = S / WIDTH;

@group(0) @binding(0) var<storage, read_write> x: array<Item>;
@group(0) @binding(1) var<storage, read_write> ids: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Item>;

@compute @workgroup_size(WG)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let id = min(ids[group.y], V - 1u);
  {
    let i = (group.x * (4u / WIDTH) + 0u) * WG + lane;
    if (i < A * ROW) {
      let outer = i / ROW;
      let s = i % ROW;
      // As many ids as the grid has rows.
      y[(outer * groups.y + group.y) * ROW + s] = x[(outer * V + id) * ROW + s];
    }
  }
  {
    let i = (group.x * (4u / WIDTH) + 1u) * WG + lane;
    if (i < A * ROW) {
      let outer = i / ROW;
      let s = i % ROW;
      // As many ids as the grid has rows.
      y[(outer * groups.y + group.y) * ROW + s] = x[(outer * V + id) * ROW + s];
    }
  }
  {
    let i = (group.x * (4u / WIDTH) + 2u) * WG + lane;
    if (i < A * ROW) {
      let outer = i / ROW;
      let s = i % ROW;
      // As many ids as the grid has rows.
      y[(outer * groups.y + group.y) * ROW + s] = x[(outer * V + id) * ROW + s];
    }
  }
  {
    let i = (group.x * (4u / WIDTH) + 3u) * WG + lane;
    if (i < A * ROW) {
      let outer = i / ROW;
      let s = i % ROW;
      // As many ids as the grid has rows.
      y[(outer * groups.y + group.y) * ROW + s] = x[(outer * V + id) * ROW + s];
    }
  }
}
