//! How a team of TEAM neighbouring lanes parts a key: TEAM_QUADS quads for each, a multiple of AHEAD (a constant of the
//! kernel); some may lie beyond the end.
const TEAM: u32 = 4u;
const TEAM_QUADS: u32 = (QUADS + TEAM * AHEAD - 1u) / (TEAM * AHEAD) * AHEAD;

fn team_quad(i: u32, member: u32) -> u32 {
//#if KV == f32 || KV == f16
  // Neighbouring lanes take neighbours, which one load fetches.
  return i * TEAM + member;
//#else
//: // A lane takes neighbours, which share words.
//: return member * TEAM_QUADS + i;
//#end
}
