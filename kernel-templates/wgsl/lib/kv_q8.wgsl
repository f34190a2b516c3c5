//! Groups of the KV cache in bytes: a quad a word. compiler/formats/kv.ts has the layout.
const KV_BITS: u32 = 8u;

// The word that holds quad j, counted from the first behind the group's scale and minimum.
fn kv_word(j: u32) -> u32 {
  return j;
}

// The four elements of quad j, a byte each, from its word and the group's last.
fn kv_bytes(word: u32, last: u32, j: u32) -> u32 {
  return word;
}

// What quad j, a byte an element, adds to word i.
fn kv_part(bytes: u32, i: u32, j: u32) -> u32 {
  return select(0u, bytes, i == j);
}
