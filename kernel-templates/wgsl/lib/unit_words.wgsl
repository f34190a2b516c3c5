//! Units of one word, as lib/format_$W.wgsl loads it.
//#option W q8|q8a|q4|q4a|q3|q3a|q2|q2a
//#include "lib/format_$W.wgsl"
// UNIT is 1. (A name alone, wgsl_reflect takes for the quotient of floats that it made of it.)
const UNITS: u32 = ROW_WORDS / UNIT;
alias Unit = Word;

fn unit_at(row: u32, i: u32) -> Unit {
  return word_at(row, i);
}

fn unit_word(unit: Unit, u: u32) -> Word {
  return unit;
}
