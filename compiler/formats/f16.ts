/** IEEE 754 half precision, and bfloat16, to and from float32. Plain loops over typed arrays. */

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** Largest magnitude that rounds to a finite f16: half a step below 65536 rounds to infinity. */
export const F16_MAX = 65504
export const F16_OVERFLOW = 65520

/** Bits of the f16 nearest to `x` (taken as float32 first), ties to even; NaN becomes 0x7e00 with its sign. */
export function toF16(x: number): number {
  float[0] = x
  return halfOf(bits[0]!)
}

/** As `toF16`, from the bits of a float32. */
function halfOf(u: number): number {
  const sign = (u >>> 16) & 0x8000
  const a = u & 0x7fffffff
  if (a >= 0x47800000) return sign | (a > 0x7f800000 ? 0x7e00 : 0x7c00)
  if (a < 0x38800000) {
    // Subnormal or zero: count of 2^-24, rounded to even because 2^52 leaves no bit for a fraction.
    bits[0] = a
    return sign | (float[0]! * 2 ** 24 + 2 ** 52 - 2 ** 52)
  }
  // The carry of the rounding may walk into the exponent, and from 65504 into infinity: both are right.
  return sign | ((a - 0x38000000 + 0xfff + ((a >>> 13) & 1)) >>> 13)
}

/** Values of all 65,536 halves; made when first asked for. */
let table: Float32Array | undefined

function f16Table(): Float32Array {
  if (table) return table
  table = new Float32Array(65536)
  for (let h = 0; h < 65536; h++) {
    const e = (h >>> 10) & 31
    const m = h & 1023
    const magnitude =
      e === 31 ? (m ? Number.NaN : Number.POSITIVE_INFINITY) : e ? (1024 + m) * 2 ** (e - 25) : m * 2 ** -24
    table[h] = h & 0x8000 ? -magnitude : magnitude
  }
  return table
}

/** The value of f16 bits. */
export function fromF16(h: number): number {
  return f16Table()[h & 0xffff]!
}

/** f16 bits of every value. */
export function arrayToF16(from: Float32Array, to = new Uint16Array(from.length)): Uint16Array {
  const words = new Uint32Array(from.buffer, from.byteOffset, from.length)
  for (let i = 0; i < words.length; i++) to[i] = halfOf(words[i]!)
  return to
}

/** Values of f16 bits. */
export function arrayFromF16(from: Uint16Array, to = new Float32Array(from.length)): Float32Array {
  const values = f16Table()
  for (let i = 0; i < from.length; i++) to[i] = values[from[i]!]!
  return to
}

/** Values of bfloat16 bits: the upper half of a float32's. */
export function arrayFromBF16(from: Uint16Array, to = new Float32Array(from.length)): Float32Array {
  const words = new Uint32Array(to.buffer, to.byteOffset, to.length)
  for (let i = 0; i < from.length; i++) words[i] = from[i]! << 16
  return to
}
