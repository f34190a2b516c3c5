//! Rows of activations as halve_rows makes them: K halves each (a multiple of 8), read eight at a time; what lies
//! beyond K reads as 0. RAGGED (a constant of the kernel) says that it asks for such.
//#param K 8..
const K: u32 = 64u;
const K_OCTS: u32 = K / 8u;

@group(0) @binding(0) var<storage, read_write> x: array<vec4<u32>>;

fn x_oct(row: u32, oct: u32) -> vec4<u32> {
  if (!RAGGED) {
    return x[row * K_OCTS + oct];
  }
  return select(vec4<u32>(), x[row * K_OCTS + min(oct, K_OCTS - 1u)], oct < K_OCTS);
}
