/**
 * What the operands of a self-test hold, and what the numbers in them mean. The compiler reckons with the same values,
 * through these same functions: a test's file needs to say no more than a seed.
 */

/** How elements lie in memory: words, halves, a KV cache's groups of 32, activations as integers. */
export type ElementType = 'f32' | 'f16' | 'u32' | 'q8' | 'q4' | 'q3' | 'q2' | 'i8x4' | 'i8x32'

const BITS: Partial<Record<ElementType, number>> = { q8: 8, q4: 4, q3: 3, q2: 2 }
const GROUP = 32

/** Blocks of a row of quantised activations: whole groups of 128. */
const blocksOf = (size: number): number => Math.ceil(size / 128) * 4

/** Bytes of a row of `size` elements. */
export function rowBytesOf(type: ElementType, size: number): number {
  const bits = BITS[type]
  if (bits !== undefined) return 4 * Math.ceil(size / GROUP) * (1 + bits)
  if (type === 'i8x4') return 40 * blocksOf(size)
  if (type === 'i8x32') return 112 * blocksOf(size)
  return size * (type === 'f16' ? 2 : 4)
}

/** 32 bits of noise, a function of its arguments alone. */
function bitsOf(index: number, stream: number): number {
  let h = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

/** Noise in [-1, 1): a multiple of 2^-12. */
const noise = (index: number, stream: number): number => ((bitsOf(index, stream) >>> 19) - 4096) / 4096

/** Halves of about 2 / levels, with bits to spare for noise. */
const SCALES: Partial<Record<ElementType, number>> = { q8: 0x2000, q4: 0x3040, q3: 0x3480, q2: 0x3940 }

/**
 * Rows of noise: base + scale * [-1, 1) in floats; halves of 1/4 to 1/2 of both signs; in a KV cache's groups random
 * integers, with scales and minima that make numbers of about [-1, 1] of them.
 */
export function noiseBytes(
  type: ElementType,
  size: number,
  rows: number,
  { stream, scale = 1, base = 0 }: { stream: number; scale?: number; base?: number },
): Uint8Array {
  const bits = BITS[type]
  const bytes = rowBytesOf(type, size) * rows
  if (type === 'f32') {
    const floats = new Float32Array(bytes / 4)
    for (let i = 0; i < floats.length; i++) floats[i] = base + scale * noise(i, stream)
    return new Uint8Array(floats.buffer)
  }
  const words = new Uint32Array(Math.ceil(bytes / 4))
  for (let i = 0; i < words.length; i++) {
    const h = bitsOf(i, stream)
    if (type === 'f16') words[i] = (h & 0x83ff83ff) | 0x34003400
    else if (bits !== undefined && i % (1 + bits) === 0)
      words[i] = (h & 0x03ff003f) | SCALES[type]! | 0xb8000000
    else words[i] = h
  }
  return new Uint8Array(words.buffer, 0, bytes)
}

function half(h: number): number {
  const e = (h >>> 10) & 31
  const m = h & 1023
  const magnitude =
    e === 31 ? (m ? Number.NaN : Number.POSITIVE_INFINITY) : e ? (1024 + m) * 2 ** (e - 25) : m * 2 ** -24
  return h & 0x8000 ? -magnitude : magnitude
}

/** Columns of eight 16-bit integers lie in the order 0 2 4 6 1 3 5 7. */
const place = (i: number): number => i - (i % 8) + ((i % 8) >> 1) + (i % 2) * 4

/** An element of a group of the KV cache that begins at `at`: quad after quad, a byte of a word for each of a quad's. */
function grouped(view: DataView, at: number, bits: number, i: number): number {
  const quad = i >> 2
  const byte = (word: number) => view.getUint8(at + 4 + 4 * word + (i % 4))
  const wide = bits === 3 ? 2 : bits
  const each = 8 / wide
  let q = (byte(Math.floor(quad / each)) >> ((quad % each) * wide)) & (2 ** wide - 1)
  if (bits === 3) q |= ((byte(2) >> quad) & 1) << 2
  return q * half(view.getUint16(at, true)) + half(view.getUint16(at + 2, true))
}

/** The values that rows of `size` elements stand for. What doesn't agree with itself is NaN. */
export function decode(type: ElementType, size: number, bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stride = rowBytesOf(type, size)
  const rows = bytes.length / stride
  const bits = BITS[type]
  const out = new Float64Array(rows * size)
  const scales = 32 * blocksOf(size)
  const sums = 36 * blocksOf(size)
  for (let row = 0, o = 0; row < rows; row++) {
    const at = row * stride
    for (let i = 0; i < size; i++, o++) {
      const group = i >> 5
      if (type === 'f32') out[o] = view.getFloat32(at + 4 * i, true)
      else if (type === 'u32') out[o] = view.getUint32(at + 4 * i, true)
      else if (type === 'f16') out[o] = half(view.getUint16(at + 2 * i, true))
      else if (type === 'i8x4') out[o] = view.getInt8(at + i) * view.getFloat32(at + scales + 4 * group, true)
      else if (type === 'i8x32') {
        const block = at + group * 112
        out[o] =
          view.getInt16(block + 2 * place(i % GROUP), true) * view.getFloat32(block + 96, true) * 2 ** -64
      } else out[o] = grouped(view, at + group * 4 * (1 + bits!), bits!, i % GROUP)
    }
    // A sum that is wrong makes every product wrong that is taken with the block.
    if (type === 'i8x4')
      for (let block = 0; block * GROUP < size; block++) {
        let sum = 0
        for (let i = 0; i < GROUP; i++) sum += view.getInt8(at + block * GROUP + i)
        if (sum !== view.getInt32(at + sums + 4 * block, true)) out[row * size + block * GROUP] = Number.NaN
      }
  }
  return out
}

/** Of `count` numbers, which of `most` to look at: the first, and others all over the place. */
export function sampleOf(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i)
  const found = new Set<number>()
  for (let i = 0; found.size < most; i++) found.add(Math.floor(((i * 0.6180339887498949) % 1) * count))
  return [...found]
}

/** Sums in which every element counts once, with one sign or the other: what is wrong anywhere shows in one of them. */
export function sumsOf(values: Float64Array, count: number): Float64Array {
  const sums = new Float64Array(count)
  for (let i = 0; i < values.length; i++) {
    const h = bitsOf(i, 77)
    sums[h % count]! += (h & 0x8000 ? -1 : 1) * values[i]!
  }
  return sums
}
