//! Groups of the KV cache in 2 bits: four quads a word, from the low bits of its bytes up. compiler/formats/kv.ts has
//! the layout.
const KV_BITS: u32 = 2u;

// The word that holds quad j, counted from the first behind the group's scale and minimum.
fn kv_word(j: u32) -> u32 {
  return j / 4u;
}

// The four elements of quad j, a byte each, from its word and the group's last.
fn kv_bytes(word: u32, last: u32, j: u32) -> u32 {
  return (word >> (j % 4u * 2u)) & 0x03030303u;
}

// What quad j, a byte an element, adds to word i.
fn kv_part(bytes: u32, i: u32, j: u32) -> u32 {
  return select(0u, bytes << (j % 4u * 2u), i == j / 4u);
}
