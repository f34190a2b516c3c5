/** Bytes of ggml's blocks to float32, or to the integers and scales of wgc's own formats. */

import { fail } from '../../errors.js'
import { arrayFromBF16, arrayFromF16, arrayToF16 } from '../../formats/f16.js'
import type { Canonical } from '../../formats/types.js'
import type { GgmlType, Grouped, Parts } from './block.js'

/** How a type of plain numbers becomes float32. */
const floats: Record<string, (bytes: ArrayBuffer) => Float32Array> = {
  F32: (bytes) => new Float32Array(bytes),
  F16: (bytes) => arrayFromF16(new Uint16Array(bytes)),
  BF16: (bytes) => arrayFromBF16(new Uint16Array(bytes)),
  F64: (bytes) => Float32Array.from(new Float64Array(bytes)),
}

function take(bytes: Uint8Array, { block, bytes: size }: GgmlType, read: Grouped): Parts {
  const count = bytes.length / size
  const groups = (count * block) / read.group
  const parts = {
    q: new Int8Array(count * block),
    scale: new Float32Array(groups),
    min: new Float32Array(read.minimum ? groups : 0),
  }
  read.unpack(bytes, count, parts)
  return parts
}

/** Values of whole blocks: what ggml's `dequantize_row` gives, bit for bit. `bytes` begins its buffer. */
export function decodeBlocks(bytes: Uint8Array<ArrayBuffer>, type: GgmlType): Float32Array {
  const { read } = type
  if (read === 'float') return floats[type.name]!(bytes.buffer)
  if (!read) return fail('WGC901', [`${type.name} is decoded`])
  const { q, scale, min } = take(bytes, type, read)
  const out = new Float32Array(q.length)
  const { group } = read
  for (let g = 0, i = 0; g < scale.length; g++) {
    const step = scale[g]!
    const end = i + group
    if (read.minimum) for (const base = min[g]!; i < end; i++) out[i] = q[i]! * step + base
    else for (; i < end; i++) out[i] = q[i]! * step
  }
  return out
}

/** Each group's number, as often as it has groups of the size asked for. */
const spread = (from: Float32Array, times: number): Uint16Array => {
  const halves = arrayToF16(from)
  if (times === 1) return halves
  return Uint16Array.from({ length: from.length * times }, (_, i) => halves[Math.floor(i / times)]!)
}

/** Whole rows of k weights as the integers and scales that they are, scales rounded to halves. */
export function codesOf(bytes: Uint8Array, type: GgmlType, k: number): Canonical {
  const { read, kept } = type
  if (!kept || kept.how === 'requantised') return fail('WGC901', [`${type.name} has no codes`])
  if (read === 'float' || !read) return fail('WGC901', [`${type.name} has no codes`])
  const { q, scale, min } = take(bytes, type, read)
  const times = read.group / kept.group
  return {
    rows: q.length / k,
    k,
    kp: k,
    group: kept.group,
    q: read.minimum ? new Uint8Array(q.buffer) : q,
    scale: spread(scale, times),
    ...(read.minimum && { min: spread(min, times) }),
  }
}
