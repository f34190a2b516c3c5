/**
 * Super-blocks of 256 weights: a half scales the scales of their groups, which are integers themselves. Layouts are
 * ggml's (ggml-quants.c, `dequantize_row_*`). The products of scales are exact in float32.
 */
import { fromF16 } from '../../formats/f16.js'
import type { Unpack } from './block.js'
import { STEPS_IQ4 } from './unpack.js'

const half = (bytes: Uint8Array, at: number): number => fromF16(bytes[at]! | (bytes[at + 1]! << 8))
const SIZE = 256

/** 16 scales and minimums of 4 bits; 64 bytes of 2 bits, four planes for each 32 of them; d, dmin. */
const q2_K: Unpack = (bytes, count, { q, scale, min }) => {
  for (let b = 0, at = 0; b < count; b++, at += 84) {
    const d = half(bytes, at + 80)
    const least = half(bytes, at + 82)
    for (let g = 0; g < 16; g++) {
      scale[b * 16 + g] = d * (bytes[at + g]! & 15)
      min[b * 16 + g] = -least * (bytes[at + g]! >> 4)
    }
    for (let part = 0; part < 2; part++)
      for (let plane = 0; plane < 4; plane++)
        for (let l = 0, o = b * SIZE + part * 128 + plane * 32; l < 32; l++)
          q[o + l] = (bytes[at + 16 + part * 32 + l]! >> (2 * plane)) & 3
  }
}

/** 32 bytes of high bits, 64 of two low ones, 16 scales of 6 bits in 12 bytes; d. */
const q3_K: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 110) {
    const d = half(bytes, at + 108)
    for (let g = 0; g < 16; g++) {
      const low = (bytes[at + 96 + (g & 7)]! >> (g < 8 ? 0 : 4)) & 15
      const high = (bytes[at + 104 + (g & 3)]! >> (2 * (g >> 2))) & 3
      scale[b * 16 + g] = d * ((low | (high << 4)) - 32)
    }
    for (let part = 0; part < 2; part++)
      for (let plane = 0; plane < 4; plane++) {
        const bit = part * 4 + plane
        for (let l = 0, o = b * SIZE + part * 128 + plane * 32; l < 32; l++) {
          const low = (bytes[at + 32 + part * 32 + l]! >> (2 * plane)) & 3
          q[o + l] = low - 4 + (((bytes[at + l]! >> bit) & 1) << 2)
        }
      }
  }
}

/** Eight scales and minimums of 6 bits in 12 bytes at `at`, times d and dmin. */
function sixes(
  bytes: Uint8Array,
  at: number,
  [d, least]: [number, number],
  to: Float32Array,
  min: Float32Array,
  o: number,
): void {
  for (let g = 0; g < 4; g++) {
    const a = bytes[at + g]!
    const b = bytes[at + 4 + g]!
    const c = bytes[at + 8 + g]!
    to[o + g] = d * (a & 63)
    min[o + g] = -least * (b & 63)
    to[o + 4 + g] = d * ((c & 15) | ((a >> 6) << 4))
    min[o + 4 + g] = -least * ((c >> 4) | ((b >> 6) << 4))
  }
}

/** d, dmin, scales; 128 bytes: each 32 hold 64 weights, the first 32 in the low bits. */
const q4_K: Unpack = (bytes, count, { q, scale, min }) => {
  for (let b = 0, at = 0; b < count; b++, at += 144) {
    sixes(bytes, at + 4, [half(bytes, at), half(bytes, at + 2)], scale, min, b * 8)
    for (let pair = 0; pair < 4; pair++)
      for (let l = 0, i = at + 16 + pair * 32, o = b * SIZE + pair * 64; l < 32; l++) {
        const byte = bytes[i + l]!
        q[o + l] = byte & 15
        q[o + l + 32] = byte >> 4
      }
  }
}

/** As Q4_K, with a fifth bit in 32 bytes before: bit n of each byte for the n-th 32 weights. */
const q5_K: Unpack = (bytes, count, { q, scale, min }) => {
  for (let b = 0, at = 0; b < count; b++, at += 176) {
    sixes(bytes, at + 4, [half(bytes, at), half(bytes, at + 2)], scale, min, b * 8)
    for (let pair = 0; pair < 4; pair++)
      for (let l = 0, i = at + 48 + pair * 32, o = b * SIZE + pair * 64; l < 32; l++) {
        const byte = bytes[i + l]!
        const high = bytes[at + 16 + l]! >> (2 * pair)
        q[o + l] = (byte & 15) | ((high & 1) << 4)
        q[o + l + 32] = (byte >> 4) | ((high & 2) << 3)
      }
  }
}

/** 128 bytes of four low bits, 64 of two high ones, 16 signed scales of 8 bits; d. */
const q6_K: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 210) {
    const d = half(bytes, at + 208)
    for (let g = 0; g < 16; g++) scale[b * 16 + g] = d * ((bytes[at + 192 + g]! << 24) >> 24)
    for (let part = 0; part < 2; part++)
      for (let l = 0, o = b * SIZE + part * 128; l < 32; l++) {
        const first = bytes[at + part * 64 + l]!
        const second = bytes[at + part * 64 + 32 + l]!
        const high = bytes[at + 128 + part * 32 + l]!
        q[o + l] = ((first & 15) | ((high & 3) << 4)) - 32
        q[o + l + 32] = ((second & 15) | (((high >> 2) & 3) << 4)) - 32
        q[o + l + 64] = ((first >> 4) | (((high >> 4) & 3) << 4)) - 32
        q[o + l + 96] = ((second >> 4) | ((high >> 6) << 4)) - 32
      }
  }
}

/** d, two high bits of eight scales in a word, four low ones in 4 bytes; 16 bytes for each 32 weights. */
const iq4_xs: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 136) {
    const d = half(bytes, at)
    const highs = bytes[at + 2]! | (bytes[at + 3]! << 8)
    for (let g = 0; g < 8; g++) {
      const low = (bytes[at + 4 + (g >> 1)]! >> (4 * (g & 1))) & 15
      scale[b * 8 + g] = d * ((low | (((highs >> (2 * g)) & 3) << 4)) - 32)
      for (let j = 0, i = at + 8 + g * 16, o = b * SIZE + g * 32; j < 16; j++) {
        q[o + j] = STEPS_IQ4[bytes[i + j]! & 15]!
        q[o + j + 16] = STEPS_IQ4[bytes[i + j]! >> 4]!
      }
    }
  }
}

const POWERS = [1, 3, 9, 27, 81]

/** The n-th digit in base 3 of a byte that holds a fraction of 3^5 in 2^8. */
const digit = (byte: number, n: number): number => ((((byte * POWERS[n]!) & 255) * 3) >> 8) - 1

/** 48 bytes of five digits: 32 bytes, then 16, digit by digit; 4 bytes of four digits; d. */
const tq1_0: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 54) {
    scale[b] = half(bytes, at + 52)
    let o = b * SIZE
    for (let n = 0; n < 5; n++) for (let j = 0; j < 32; j++) q[o++] = digit(bytes[at + j]!, n)
    for (let n = 0; n < 5; n++) for (let j = 32; j < 48; j++) q[o++] = digit(bytes[at + j]!, n)
    for (let n = 0; n < 4; n++) for (let j = 48; j < 52; j++) q[o++] = digit(bytes[at + j]!, n)
  }
}

/** 64 bytes of 2 bits, four planes for each 32 of them; d. */
const tq2_0: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 66) {
    scale[b] = half(bytes, at + 64)
    for (let part = 0; part < 2; part++)
      for (let plane = 0; plane < 4; plane++)
        for (let l = 0, o = b * SIZE + part * 128 + plane * 32; l < 32; l++)
          q[o + l] = ((bytes[at + part * 32 + l]! >> (2 * plane)) & 3) - 1
  }
}

export const superUnpackers = { q2_K, q3_K, q4_K, q5_K, q6_K, iq4_xs, tq1_0, tq2_0 }
