//! Sizes of a convolution: input planes of IH x IW, output planes of OH x OW, GROUPS groups of channels, a
//! kernel of KH x KW that moves by SH and SW and whose taps lie DH and DW apart, PT rows of zeros above the
//! input and PL columns to its left. What lies beyond the input's other edges is zero as well.
//#param CIN 1..
const CIN: u32 = 4u;
//#param IH 1..
const IH: u32 = 8u;
//#param IW 1..
const IW: u32 = 8u;
//#param COUT 1..
const COUT: u32 = 4u;
//#param OH 1..
const OH: u32 = 8u;
//#param OW 1..
const OW: u32 = 8u;
//#param KH 1..
const KH: u32 = 3u;
//#param KW 1..
const KW: u32 = 3u;
//#param SH 1..
const SH: u32 = 1u;
//#param SW 1..
const SW: u32 = 1u;
//#param DH 1..
const DH: u32 = 1u;
//#param DW 1..
const DW: u32 = 1u;
//#param PT 0..
const PT: u32 = 1u;
//#param PL 0..
const PL: u32 = 1u;
//#param GROUPS 1..
const GROUPS: u32 = 1u;

// Channels of a group.
const GIN: u32 = CIN / GROUPS;
const GOUT: u32 = COUT / GROUPS;
// Elements of an output plane.
const PIXELS: u32 = OH * OW;
