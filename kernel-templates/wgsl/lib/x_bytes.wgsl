//! Rows of activations as quantize_rows makes them (compiler/ops/quantize_rows.ts has the layout): signed bytes
//! with a scale and a sum for each block of 32 columns, whole groups of four blocks, 0 beyond K.
//#param K 1..
const K: u32 = 64u;
const X_GROUPS: u32 = (K + 127u) / 128u;
const X_ROW: u32 = 10u * X_GROUPS;

@group(0) @binding(0) var<storage, read_write> x: array<vec4<u32>>;

// The i-th 16 columns of a row.
fn x_bytes(row: u32, i: u32) -> vec4<u32> {
  return x[row * X_ROW + i];
}

fn x_scale(row: u32, block: u32) -> f32 {
  return bitcast<f32>(x[row * X_ROW + 8u * X_GROUPS + block / 4u][block % 4u]);
}

// Sum of a block's bytes.
fn x_sum(row: u32, block: u32) -> i32 {
  return bitcast<i32>(x[row * X_ROW + 9u * X_GROUPS + block / 4u][block % 4u]);
}

//#include "lib/dot16.wgsl"
