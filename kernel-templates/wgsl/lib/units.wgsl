//! Weights of lib/format_$W.wgsl, UNIT words side by side and loaded 16 bytes at a time: words of 8 or 12 bytes are many
//! loads for little. A row is whole units: UNITS, of UNIT_LOADS vec4s; `unit_word(unit, u)`, the u-th word of one.
//#option W q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#if W == q8a || W == q4a || W == q3a || W == q2a
//#include "lib/scales_min.wgsl"
//#else
//#include "lib/scales.wgsl"
//#end
//#if W == q4 || W == q4a
//#include "lib/packed_4.wgsl"
//: const WORD_U32S: u32 = 4u;
//#elif W == q3 || W == q3a
//#include "lib/packed_3.wgsl"
//: const WORD_U32S: u32 = 3u;
//#elif W == q2 || W == q2a
//#include "lib/packed_2.wgsl"
//: const WORD_U32S: u32 = 2u;
//#else
const WORD_QUADS: u32 = 4u;
alias Word = vec4<u32>;
const WORD_U32S: u32 = 4u;
//#end
// What is stored is so much more than what is meant.
//#if W == q4
//: const PACKED_ABOVE: u32 = 8u;
//#elif W == q3
//: const PACKED_ABOVE: u32 = 4u;
//#elif W == q2
//: const PACKED_ABOVE: u32 = 2u;
//#else
const PACKED_ABOVE: u32 = 0u;
//#end
const UNITS: u32 = ROW_WORDS / UNIT;
const UNIT_LOADS: u32 = UNIT * WORD_U32S / 4u;
alias Unit = array<vec4<u32>, UNIT_LOADS>;

@group(0) @binding(1) var<storage, read> w: array<vec4<u32>>;

fn unit_at(row: u32, i: u32) -> Unit {
  var unit: Unit;
  let at = (row * UNITS + i) * UNIT_LOADS;
  //#unroll
  for (var l = 0u; l < UNIT_LOADS; l++) {
    unit[l] = w[at + l];
  }
  return unit;
}

fn unit_word(unit: Unit, u: u32) -> Word {
  // A parameter cannot be indexed everywhere.
  var parts = unit;
//#if W == q3 || W == q3a
//:   let at = 3u * u;
//:   return Word(
//:     parts[at / 4u][at % 4u],
//:     parts[(at + 1u) / 4u][(at + 1u) % 4u],
//:     parts[(at + 2u) / 4u][(at + 2u) % 4u],
//:   );
//#elif W == q2 || W == q2a
//:   return Word(parts[u / 2u][u % 2u * 2u], parts[u / 2u][u % 2u * 2u + 1u]);
//#else
  return parts[u];
//#end
}
