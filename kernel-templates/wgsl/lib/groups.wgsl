//! G weights along a row share a scale; 0: all of it. A row is padded to whole groups, of 32 where it is one.
//#param G 32|64|128|0
const G: u32 = 32u;
//#if G == 0
//: const GROUP: u32 = (COLUMNS + 31u) / 32u * 32u;
//#else
const GROUP: u32 = G;
//#end
const ROW_GROUPS: u32 = (COLUMNS + GROUP - 1u) / GROUP;
const ROW_WORDS: u32 = ROW_GROUPS * GROUP / (4u * WORD_QUADS);

// The group of the i-th word of a row, among those of all rows.
fn group_of(row: u32, i: u32) -> u32 {
  return row * ROW_GROUPS + i * (4u * WORD_QUADS) / GROUP;
}
