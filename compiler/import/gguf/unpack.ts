/**
 * Blocks with one scale, or a few plain ones. Layouts are ggml's (ggml-quants.c, `dequantize_row_*`): in a byte of
 * two 4-bit integers the low one belongs to the first half of the block, the high one to the second.
 */
import { fromF16 } from '../../formats/f16.js'
import type { Unpack } from './block.js'

const half = (bytes: Uint8Array, at: number): number => fromF16(bytes[at]! | (bytes[at + 1]! << 8))

/** The 16 steps of the 4-bit types that are no even scale (kvalues_iq4nl, and twice those of fp4 e2m1). */
export const STEPS_IQ4 = Int8Array.of(
  -127,
  -104,
  -83,
  -65,
  -49,
  -35,
  -22,
  -10,
  1,
  13,
  25,
  38,
  53,
  69,
  89,
  113,
)
const STEPS_FP4 = Int8Array.of(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)

/** 16 bytes of two integers, as they are, or by their steps. */
function nibbles(bytes: Uint8Array, at: number, q: Int8Array, o: number, zero: number): void {
  for (let j = 0; j < 16; j++) {
    const b = bytes[at + j]!
    q[o + j] = (b & 15) - zero
    q[o + j + 16] = (b >> 4) - zero
  }
}

function stepped(
  bytes: Uint8Array,
  at: number,
  q: Int8Array,
  o: number,
  bytesOfBlock: number,
  steps: Int8Array,
): void {
  for (let j = 0; j < bytesOfBlock; j++) {
    const b = bytes[at + j]!
    q[o + j] = steps[b & 15]!
    q[o + j + bytesOfBlock] = steps[b >> 4]!
  }
}

/** As `nibbles`, with a fifth bit of each integer from the word at `high`. */
function fives(bytes: Uint8Array, high: number, at: number, q: Int8Array, o: number, zero: number): void {
  const word = bytes[high]! | (bytes[high + 1]! << 8) | (bytes[high + 2]! << 16) | (bytes[high + 3]! << 24)
  for (let j = 0; j < 16; j++) {
    const b = bytes[at + j]!
    q[o + j] = ((b & 15) | (((word >>> j) & 1) << 4)) - zero
    q[o + j + 16] = ((b >> 4) | (((word >>> (j + 16)) & 1) << 4)) - zero
  }
}

/** 2^(e - 128): the exponents of MXFP4, halved, as the steps are doubled. */
const EXPONENTS = Float32Array.from({ length: 256 }, (_, e) => 2 ** (e - 128))

/** Floats of eight bits, four of exponent and three of mantissa, without sign; halved as above. 127 stands for 0. */
const E4M3 = Float32Array.from({ length: 128 }, (_, b) => {
  const [e, m] = [b >> 3, b & 7]
  return b === 127 ? 0 : (e === 0 ? m * 2 ** -9 : (8 + m) * 2 ** (e - 10)) / 2
})

const q4_0: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 18) {
    scale[b] = half(bytes, at)
    nibbles(bytes, at + 2, q, b * 32, 8)
  }
}

const q4_1: Unpack = (bytes, count, { q, scale, min }) => {
  for (let b = 0, at = 0; b < count; b++, at += 20) {
    scale[b] = half(bytes, at)
    min[b] = half(bytes, at + 2)
    nibbles(bytes, at + 4, q, b * 32, 0)
  }
}

const q5_0: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 22) {
    scale[b] = half(bytes, at)
    fives(bytes, at + 2, at + 6, q, b * 32, 16)
  }
}

const q5_1: Unpack = (bytes, count, { q, scale, min }) => {
  for (let b = 0, at = 0; b < count; b++, at += 24) {
    scale[b] = half(bytes, at)
    min[b] = half(bytes, at + 2)
    fives(bytes, at + 4, at + 8, q, b * 32, 0)
  }
}

const q8_0: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 34) {
    scale[b] = half(bytes, at)
    for (let j = 0, o = b * 32; j < 32; j++) q[o + j] = bytes[at + 2 + j]!
  }
}

const iq4_nl: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 18) {
    scale[b] = half(bytes, at)
    stepped(bytes, at + 2, q, b * 32, 16, STEPS_IQ4)
  }
}

const mxfp4: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 17) {
    scale[b] = EXPONENTS[bytes[at]!]!
    stepped(bytes, at + 1, q, b * 32, 16, STEPS_FP4)
  }
}

/** Four scales, then four times 8 bytes of 16 weights. */
const nvfp4: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 36)
    for (let s = 0; s < 4; s++) {
      scale[b * 4 + s] = E4M3[bytes[at + s]! & 127]!
      stepped(bytes, at + 4 + s * 8, q, b * 64 + s * 16, 8, STEPS_FP4)
    }
}

/** A bit a weight: -1 or 1. */
const q1_0: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 18) {
    scale[b] = half(bytes, at)
    for (let j = 0, o = b * 128; j < 128; j++) q[o + j] = ((bytes[at + 2 + (j >> 3)]! >> (j & 7)) & 1) * 2 - 1
  }
}

/** Two bits a weight: -1 to 2. */
const q2_0: Unpack = (bytes, count, { q, scale }) => {
  for (let b = 0, at = 0; b < count; b++, at += 18) {
    scale[b] = half(bytes, at)
    for (let j = 0, o = b * 64; j < 64; j++) q[o + j] = ((bytes[at + 2 + (j >> 2)]! >> (2 * (j & 3))) & 3) - 1
  }
}

export const unpackers = { q4_0, q4_1, q5_0, q5_1, q8_0, iq4_nl, mxfp4, nvfp4, q1_0, q2_0 }
