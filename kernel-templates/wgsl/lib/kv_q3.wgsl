//! Groups of the KV cache in 3 bits: two of them as in 2 bits, and in the last word a bit of each byte for the third
//! of each quad. compiler/formats/kv.ts has the layout.
const KV_BITS: u32 = 3u;

// The word that holds the low bits of quad j, counted from the first behind the group's scale and minimum.
fn kv_word(j: u32) -> u32 {
  return j / 4u;
}

// The four elements of quad j, a byte each, from its word and the group's last.
fn kv_bytes(word: u32, last: u32, j: u32) -> u32 {
  return ((word >> (j % 4u * 2u)) & 0x03030303u) | (((last >> j) & 0x01010101u) << 2u);
}

// What quad j, a byte an element, adds to word i.
fn kv_part(bytes: u32, i: u32, j: u32) -> u32 {
  let low = select(0u, (bytes & 0x03030303u) << (j % 4u * 2u), i == j / 4u);
  return select(low, ((bytes >> 2u) & 0x01010101u) << j, i == 2u);
}
