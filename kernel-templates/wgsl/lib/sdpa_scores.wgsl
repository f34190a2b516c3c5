//! Which keys a row sees in attention over activations, and what its scores go through before the softmax. Row m
//! stands at position m + keys - rows, so that the last row stands at the last key.
//#param H 1..
const H: u32 = 4u;
//#param M 1..
const M: u32 = 64u;
//#param L 1..
const L: u32 = 64u;
// Which of M and L are the step's tokens; else they are what the graph says.
//#option TOKENS none|rows|both
//#option CAUSAL false|true
// 0: none. Else keys less far than this from the row's position are seen.
//#param WINDOW 0..
const WINDOW: u32 = 0u;
// 0: none.
//#param SOFTCAP 0.0..
const SOFTCAP: f32 = 0.0;
//#option LENGTHS false|true
//#option BIAS none|full|distance
//#option MASK false|true
//#option KEYS false|true

//#if TOKENS != none
//#include "lib/step.wgsl"
//#end
//#if LENGTHS
//: @group(0) @binding(3) var<storage, read_write> len: array<u32>;
//: var<workgroup> length: u32;
//#end
//#if BIAS == full
//#param BB 1..
//: const BB: u32 = 1u;
//#param HB 1..
//: const HB: u32 = 1u;
//: @group(0) @binding(4) var<storage, read_write> bias: array<u32>;
//#elif BIAS == distance
//#param SPAN 0..
//: const SPAN: u32 = 0u;
//: @group(0) @binding(4) var<storage, read_write> distances: array<f32>;
//#end
//#if MASK
//#param MB 1..
//: const MB: u32 = 1u;
//: @group(0) @binding(5) var<storage, read_write> mask: array<u32>;
//#end
//#if KEYS
//#param KB 1..
//: const KB: u32 = 1u;
//: @group(0) @binding(6) var<storage, read_write> keymask: array<u32>;
//#end

// Stands for the score of a key that is not seen, and is below any other.
const UNSEEN: f32 = -3.0e38;

struct Scope {
  rows: u32,
  keys: u32,
  // Keys before padding.
  real: u32,
  batch: u32,
  head: u32,
}

// Holds a barrier where there are lengths.
fn scope(batch: u32, head: u32, lane: u32) -> Scope {
//#if TOKENS == none
  var s = Scope(M, L, L, batch, head);
//#elif TOKENS == rows
//: var s = Scope(step.seq, L, L, batch, head);
//#else
//: var s = Scope(step.seq, step.seq, step.seq, batch, head);
//#end
//#if LENGTHS
//: if (lane == 0u) {
//:   length = len[batch];
//: }
//: s.real = min(s.keys, workgroupUniformLoad(&length));
//#end
  return s;
}

// The first key that rows from `row` on may see.
fn first_key(s: Scope, row: u32) -> u32 {
//#if WINDOW > 0
//: return u32(max(i32(row + s.keys - s.rows) - i32(WINDOW - 1u), 0));
//#else
  return 0u;
//#end
}

// The end of the keys that rows up to `row` may see.
fn end_key(s: Scope, row: u32) -> u32 {
//#if CAUSAL
//: return min(s.real, u32(max(i32(row + s.keys + 1u - s.rows), 0)));
//#elif WINDOW > 0
//: return min(s.real, u32(max(i32(row + s.keys + WINDOW - s.rows), 0)));
//#else
  return s.real;
//#end
}

//#if BIAS == full || MASK || KEYS
//: // The bits of -1e38. What is at or below hides a key, -inf included. Compared as bits, because compilers may
//: // take it that no infinity comes along.
//: const HIDDEN: vec4<u32> = vec4<u32>(0xfe967699u);
//#end

// The scores of four keys, which exist, from their products with the row's query.
fn scores_of(s: Scope, products: vec4<f32>, row: u32, keys: vec4<u32>) -> vec4<f32> {
  let distance = vec4<i32>(keys + s.rows) - i32(row + s.keys);
  var scores = products;
//#if SOFTCAP > 0
//: // tanh by an exp that can't overflow.
//: let fade = exp(abs(scores) * (-2.0 / SOFTCAP));
//: scores = sign(scores) * SOFTCAP * (1.0 - fade) / (1.0 + fade);
//#end
  var seen = keys < vec4<u32>(s.real);
//#if CAUSAL
//: seen = seen & (distance <= vec4<i32>());
//#end
//#if WINDOW > 0
//: seen = seen & (abs(distance) < vec4<i32>(i32(WINDOW)));
//#end
//#if BIAS == full
//: let b = vec4<u32>(((s.batch % BB * HB + s.head % HB) * s.rows + row) * s.keys) + keys;
//: let biases = vec4<u32>(bias[b.x], bias[b.y], bias[b.z], bias[b.w]);
//: seen = seen & (biases < HIDDEN);
//: scores += bitcast<vec4<f32>>(select(biases, vec4<u32>(), biases >= HIDDEN));
//#elif BIAS == distance
//: let near = clamp(distance, vec4<i32>(-i32(SPAN)), vec4<i32>(i32(SPAN))) + i32(SPAN);
//: let d = vec4<u32>(s.head * (2u * SPAN + 1u)) + vec4<u32>(near);
//: scores += vec4<f32>(distances[d.x], distances[d.y], distances[d.z], distances[d.w]);
//#end
//#if MASK
//: let m = vec4<u32>((s.batch % MB * s.rows + row) * s.keys) + keys;
//: let masks = vec4<u32>(mask[m.x], mask[m.y], mask[m.z], mask[m.w]);
//: seen = seen & (masks < HIDDEN);
//: scores += bitcast<vec4<f32>>(select(masks, vec4<u32>(), masks >= HIDDEN));
//#end
//#if KEYS
//: let n = vec4<u32>(s.batch % KB * s.keys) + keys;
//: let keymasks = vec4<u32>(keymask[n.x], keymask[n.y], keymask[n.z], keymask[n.w]);
//: seen = seen & (keymasks < HIDDEN);
//: scores += bitcast<vec4<f32>>(select(keymasks, vec4<u32>(), keymasks >= HIDDEN));
//#end
  return select(vec4<f32>(UNSEEN), scores, seen);
}
