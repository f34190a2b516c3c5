//! x, with rows at tokens TOKEN replaced by features, moved as bits. A workgroup makes a row: its lanes count the
//! tokens TOKEN before it.
//! op merge_rows(tokens: u32[C + 1], x: f32[M,D], features: f32[F,D], order?: u32[O], extra?: f32[D]) -> y: f32[M,D]
//! grid M
//! needs M <= 65535
//#param WG 64|32|128|256
const WG: u32 = 64u;
//#param D 1..
const D: u32 = 64u;
//#param F 1..
const F: u32 = 64u;
//#param TOKEN 0..
const TOKEN: u32 = 9u;
//#option ORDER false|true
//#include "lib/step.wgsl"

@group(0) @binding(0) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(1) var<storage, read_write> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> features: array<u32>;
//#if ORDER
//#param O 1..
//: const O: u32 = 64u;
//: @group(0) @binding(3) var<storage, read_write> order: array<u32>;
//: @group(0) @binding(4) var<storage, read> extra: array<u32>;
//#end
@group(0) @binding(5) var<storage, read_write> y: array<u32>;

var<workgroup> before: atomic<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let row = group.x;
  let position = step.past + row;
  // WGSL has it 0 already; not every driver does.
  if (lane == 0u) {
    atomicStore(&before, 0u);
  }
  workgroupBarrier();
  var own = 0u;
  for (var p = lane; p < position; p += WG) {
    own += select(0u, 1u, tokens[p] == TOKEN);
  }
  atomicAdd(&before, own);
  workgroupBarrier();
  let n = atomicLoad(&before);
  let taken = tokens[position] == TOKEN;
//#if ORDER
//: let index = order[min(n, O - 1u)];
//: let is_extra = taken && index == 0xffffffffu;
//#else
  let index = n;
//#end
  let start = min(index, F - 1u) * D;
  for (var i = lane; i < D; i += WG) {
    var value = x[row * D + i];
    if (taken) {
      value = features[start + i];
    }
//#if ORDER
//:   if (is_extra) {
//:     value = extra[i];
//:   }
//#end
    y[row * D + i] = value;
  }
}
