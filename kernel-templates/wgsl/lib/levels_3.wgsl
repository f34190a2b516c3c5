//! lib/packed_3.wgsl, loaded one u32 at a time (a buffer of vec3s would waste a fourth): lanes side by side read every
//! byte of a cache line in three turns.
//#include "lib/packed_3.wgsl"

@group(0) @binding(1) var<storage, read> w: array<u32>;

fn word_at(row: u32, i: u32) -> Word {
  let at = (row * ROW_WORDS + i) * 3u;
  return Word(w[at], w[at + 1u], w[at + 2u]);
}
