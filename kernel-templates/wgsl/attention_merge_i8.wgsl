//! attention_merge into bytes, for the product that reads them: a head is whole blocks.
//! op attention_merge(part: f32[H,SPLITS,HD], stats: f32[H,SPLITS,2]) -> y: i8x4[1, H * HD]
//! grid H
//! needs HD % 32 == 0
//! needs H * HD % 128 == 0
//! needs HD <= 4 * WG
//! needs 4 * (SPLITS + 5 * WG + HD) <= 16384
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
const Y_COLUMNS: u32 = H * HD;
const MADE: u32 = QUADS;
//#include "lib/y_bytes.wgsl"
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

fn merged(head: u32, quad: u32, value: vec4<f32>) {
  made[quad] = value;
}

fn finished(head: u32, lane: u32) {
  workgroupBarrier();
  if (lane < QUADS) {
    store_bytes(head * QUADS, lane);
  }
}
