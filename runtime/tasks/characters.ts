/**
 * Text for models that read characters as bits (RETVec, Bursztein et al. 2023): a row of bits of the code point for
 * each, highest first, in chunks of `length` characters; the last is filled with zeros.
 *
 * @returns [chunks, length, bits], one chunk at least
 */
import type { Tensor } from '../tensor.js'

export function charactersToCodes(text: string, { length = 512, bits = 24 } = {}): Tensor {
  const points = Array.from(text, (c) => c.codePointAt(0)!)
  const chunks = Math.max(1, Math.ceil(points.length / length))
  const data = new Float32Array(chunks * length * bits)
  points.forEach((point, i) => {
    for (let bit = 0; bit < bits; bit++) data[i * bits + bit] = (point >>> (bits - 1 - bit)) & 1
  })
  return { dtype: 'f32', shape: [chunks, length, bits], data }
}
