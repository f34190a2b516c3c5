/**
 * Integers of four, three and two bits in bytes, for the layout `rows`. In all of them byte b of a 32-bit word
 * holds weights b, b + 4, b + 8 … of those in the word: shifted and masked, a word gives four neighbours in its
 * four bytes, which a shader makes a vec4 of. `zero` is what is added, so that nothing stored is negative; the
 * number of weights is a multiple of 32.
 */
import type { Canonical } from './types.js'

type Integers = Canonical['q']

/** Eight weights a word: 4..7 above 0..3. */
export function packNibbles(q: Integers, zero: number): Uint8Array {
  const out = new Uint8Array(q.length / 2)
  for (let i = 0, o = 0; i < q.length; i += 8)
    for (let b = 0; b < 4; b++, o++) out[o] = (q[i + b]! + zero) | ((q[i + b + 4]! + zero) << 4)
  return out
}

export function unpackNibbles(data: Uint8Array, zero: number): Int8Array {
  const q = new Int8Array(data.length * 2)
  for (let o = 0; o < data.length; o++) {
    const i = (o >> 2) * 8 + (o & 3)
    q[i] = (data[o]! & 15) - zero
    q[i + 4] = (data[o]! >> 4) - zero
  }
  return q
}

/**
 * 32 weights in three words. Fours of neighbours are counted 0 to 7. Of each byte the six low bits are of two
 * fours: 0 and 1, 2 and 3, 4 and 5, a word each. The two high bits that are left in each word hold fours 6 and
 * 7: their low two bits lie in the first and the second word, their third bits in the last. So six of eight
 * fours take no more than a shift and a mask, as in four bits, and none takes more than two of each.
 */
export function packTriples(q: Integers, zero: number): Uint8Array {
  const out = new Uint8Array((q.length / 32) * 12)
  for (let i = 0, o = 0; i < q.length; i += 32, o += 12)
    for (let b = 0; b < 4; b++) {
      const j = i + b
      const six = q[j + 24]! + zero
      const seven = q[j + 28]! + zero
      out[o + b] = (q[j]! + zero) | ((q[j + 4]! + zero) << 3) | (six << 6)
      out[o + b + 4] = (q[j + 8]! + zero) | ((q[j + 12]! + zero) << 3) | (seven << 6)
      out[o + b + 8] =
        (q[j + 16]! + zero) | ((q[j + 20]! + zero) << 3) | ((six >> 2) << 6) | ((seven >> 2) << 7)
    }
  return out
}

export function unpackTriples(data: Uint8Array, zero: number): Int8Array {
  const q = new Int8Array((data.length / 12) * 32)
  for (let o = 0, i = 0; o < data.length; o += 12, i += 32)
    for (let b = 0; b < 4; b++) {
      const [first, second, last] = [data[o + b]!, data[o + b + 4]!, data[o + b + 8]!]
      const fours = [first, second, last].flatMap((byte) => [byte & 7, (byte >> 3) & 7])
      fours.push((first >> 6) | ((last >> 4) & 4), (second >> 6) | ((last >> 5) & 4))
      for (const [four, value] of fours.entries()) q[i + 4 * four + b] = value - zero
    }
  return q
}

/** Sixteen weights a word: 4..7 above 0..3, and so on. */
export function packPairs(q: Integers, zero: number): Uint8Array {
  const out = new Uint8Array(q.length / 4)
  for (let i = 0, o = 0; i < q.length; i += 16)
    for (let j = i; j < i + 4; j++, o++)
      out[o] =
        (q[j]! + zero) | ((q[j + 4]! + zero) << 2) | ((q[j + 8]! + zero) << 4) | ((q[j + 12]! + zero) << 6)
  return out
}

export function unpackPairs(data: Uint8Array, zero: number): Int8Array {
  const q = new Int8Array(data.length * 4)
  for (let o = 0; o < data.length; o++)
    for (let four = 0; four < 4; four++)
      q[(o >> 2) * 16 + 4 * four + (o & 3)] = ((data[o]! >> (2 * four)) & 3) - zero
  return q
}
