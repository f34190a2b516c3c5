//! Adds the parts that attention_split made of one query row, each brought to the greatest score of all. A workgroup a
//! head: lanes weigh the splits, then slices of lanes add them, a vec4 of the head a lane.
//! op attention_merge(part: f32[H,SPLITS,HD], stats: f32[H,SPLITS,2]) -> y: f32[1, H * HD]
//! grid H
//! needs HD % 4 == 0
//! needs HD <= 4 * WG
//! needs 4 * (SPLITS + 5 * WG) <= 16384
//#option SUBGROUPS false|true
//#if SUBGROUPS
//: enable subgroups;
//#end
//#param WG 128|32|64|256
const WG: u32 = 128u;
//#param CHUNK 1..
const CHUNK: u32 = 64u;
//#param H 1..
const H: u32 = 4u;
//#param HD 4..
const HD: u32 = 64u;
//#param C 1..
const C: u32 = 2048u;
//#param SPLITS 1..
const SPLITS: u32 = 32u;
//#param WINDOW 0..
const WINDOW: u32 = 0u;
//#include "lib/merge.wgsl"

@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>;

fn merged(head: u32, quad: u32, value: vec4<f32>) {
  y[head * QUADS + quad] = value;
}

fn finished(head: u32, lane: u32) {}
