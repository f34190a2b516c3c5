/** Values of ONNX tensors: every type that holds numbers, from `raw_data` or the field of its type. */

import { fail } from '../../errors.js'
import { fromF16 } from '../../formats/f16.js'
import { elements } from '../safetensors-header.js'
import type { TensorProto } from './protos.js'

interface TypeRow {
  name: string
  /** Bits in `raw_data`; below 8 several share a byte, the first in its low bits. */
  bits: number
  /** The value of an element whose bits are in the view at byte `at`, or given as a number below 8 bits. */
  read(view: DataView, at: number): number
  /** The same for elements below 8 bits, and for those that `int32_data` holds as bits. */
  bitsToValue?(bits: number): number
  kind: 'float' | 'int' | 'uint' | 'bool'
}

/**
 * A number of `e` exponent and `m` mantissa bits. fn: no infinity, all ones is NaN. fnuz: no infinity and no
 * negative zero, whose bits are NaN. Formats: https://onnx.ai/onnx/technical/float8.html, float4.html
 */
const small =
  (e: number, m: number, bias: number, special: 'ieee' | 'fn' | 'fnuz' | 'none') =>
  (bits: number): number => {
    const sign = bits >> (e + m) ? -1 : 1
    const magnitude = bits & ((1 << (e + m)) - 1)
    const exponent = magnitude >> m
    const mantissa = magnitude & ((1 << m) - 1)
    if (special === 'fnuz' && sign < 0 && magnitude === 0) return Number.NaN
    if (special === 'fn' && magnitude === (1 << (e + m)) - 1) return Number.NaN
    if (special === 'ieee' && exponent === (1 << e) - 1) return mantissa ? Number.NaN : sign * Infinity
    const scale = 2 ** (Math.max(exponent, 1) - bias - m)
    return sign * (exponent === 0 ? mantissa : mantissa + (1 << m)) * scale
  }

const bf16 = (bits: number): number => {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, bits << 16)
  return view.getFloat32(0)
}

const e8m0 = (bits: number): number => (bits === 255 ? Number.NaN : 2 ** (bits - 127))

const signed = (width: number) => (bits: number) => (bits << (32 - width)) >> (32 - width)

const byte = (name: string, kind: TypeRow['kind'], value: (bits: number) => number): TypeRow => ({
  name,
  bits: 8,
  kind,
  read: (v, at) => value(v.getUint8(at)),
  bitsToValue: value,
})

const packed = (
  name: string,
  kind: TypeRow['kind'],
  bits: number,
  value: (bits: number) => number,
): TypeRow => ({ name, bits, kind, read: () => Number.NaN, bitsToValue: value })

/** By number of `TensorProto.DataType`; strings and complex numbers are no rows. */
export const types: Readonly<Record<number, TypeRow>> = {
  1: { name: 'float', bits: 32, kind: 'float', read: (v, at) => v.getFloat32(at, true) },
  2: byte('uint8', 'uint', (b) => b & 255),
  3: byte('int8', 'int', signed(8)),
  4: { name: 'uint16', bits: 16, kind: 'uint', read: (v, at) => v.getUint16(at, true) },
  5: { name: 'int16', bits: 16, kind: 'int', read: (v, at) => v.getInt16(at, true) },
  6: { name: 'int32', bits: 32, kind: 'int', read: (v, at) => v.getInt32(at, true) },
  7: { name: 'int64', bits: 64, kind: 'int', read: (v, at) => Number(v.getBigInt64(at, true)) },
  9: byte('bool', 'bool', (b) => (b ? 1 : 0)),
  10: {
    name: 'float16',
    bits: 16,
    kind: 'float',
    read: (v, at) => fromF16(v.getUint16(at, true)),
    bitsToValue: (b) => fromF16(b & 0xffff),
  },
  11: { name: 'double', bits: 64, kind: 'float', read: (v, at) => v.getFloat64(at, true) },
  12: { name: 'uint32', bits: 32, kind: 'uint', read: (v, at) => v.getUint32(at, true) },
  13: { name: 'uint64', bits: 64, kind: 'uint', read: (v, at) => Number(v.getBigUint64(at, true)) },
  16: {
    name: 'bfloat16',
    bits: 16,
    kind: 'float',
    read: (v, at) => bf16(v.getUint16(at, true)),
    bitsToValue: (b) => bf16(b & 0xffff),
  },
  17: byte('float8e4m3fn', 'float', small(4, 3, 7, 'fn')),
  18: byte('float8e4m3fnuz', 'float', small(4, 3, 8, 'fnuz')),
  19: byte('float8e5m2', 'float', small(5, 2, 15, 'ieee')),
  20: byte('float8e5m2fnuz', 'float', small(5, 2, 16, 'fnuz')),
  21: packed('uint4', 'uint', 4, (b) => b),
  22: packed('int4', 'int', 4, signed(4)),
  23: packed('float4e2m1', 'float', 4, small(2, 1, 1, 'none')),
  24: byte('float8e8m0', 'float', e8m0),
  25: packed('uint2', 'uint', 2, (b) => b),
  26: packed('int2', 'int', 2, signed(2)),
}

/** Name of a type, for messages. */
export const typeName = (type: number | undefined): string =>
  type === undefined
    ? 'no tensor'
    : (types[type]?.name ?? { 8: 'string', 14: 'complex64', 15: 'complex128' }[type] ?? `type ${type}`)

/** Number of a type by its name. */
export const typeNumber = (name: string): number =>
  Number(Object.keys(types).find((n) => types[Number(n)]!.name === name))

/** A tensor may not claim more elements than this without bytes for them. */
const MAX_ELEMENTS = 2 ** 31

/** A shape of the file, checked: its number of elements. */
function count(t: TensorProto, file: string): number {
  const wrong = (why: string): never => fail('WGC231', [t.name, why], { place: { file } })
  const bad = t.dims.find((d) => !Number.isSafeInteger(d) || d < 0)
  if (bad !== undefined) wrong(`a dimension is ${bad}`)
  const n = elements(t.dims)
  return n === undefined || n > MAX_ELEMENTS ? wrong(`[${t.dims.join(', ')}] is too large`) : n
}

/** Bytes laid end to end; the one piece itself where there is one. */
function joined(pieces: Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!
  const all = new Uint8Array(pieces.reduce((sum, p) => sum + p.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

function fromBytes(row: TypeRow, data: Uint8Array, out: Float32Array | Float64Array): void {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  if (row.bits >= 8) {
    for (let i = 0; i < out.length; i++) out[i] = row.read(view, (i * row.bits) / 8)
    return
  }
  const each = 8 / row.bits
  const mask = (1 << row.bits) - 1
  for (let i = 0; i < out.length; i++)
    out[i] = row.bitsToValue!((data[Math.floor(i / each)]! >> ((i % each) * row.bits)) & mask)
}

/**
 * A tensor's values, row-major. 64-bit integers beyond 2^53 are the nearest number.
 * @param Out Float32Array for weights, where the file's own type is no wider
 * @throws WGC231 when data and shape disagree, when the data is elsewhere, or the type holds no numbers
 */
export function tensorValues<A extends Float32Array | Float64Array = Float64Array>(
  t: TensorProto,
  file: string,
  Out: new (n: number) => A = Float64Array as unknown as new (
    n: number,
  ) => A,
): A {
  const wrong = (why: string): never => fail('WGC231', [t.name, why], { place: { file } })
  const row = types[t.type] ?? wrong(`its type is ${typeName(t.type)}`)
  if (t.external && !t.stored) wrong('its data is in another file, of which nothing is known here')
  const n = count(t, file)
  const data = t.raw ?? t.stored?.read(0, t.stored.bytes) ?? (t.fixed.length ? joined(t.fixed) : undefined)
  if (data) {
    const bytes = Math.ceil((n * row.bits) / 8)
    if (data.length !== bytes) wrong(`it has ${data.length} bytes, its shape asks for ${bytes}`)
    const out = new Out(n)
    fromBytes(row, data, out)
    return out
  }
  // Elements below 8 bits share the integers as they share bytes.
  const each = row.bits < 8 ? 8 / row.bits : 1
  if (t.ints.length !== Math.ceil(n / each))
    wrong(`it has ${t.ints.length} values, its shape asks for ${Math.ceil(n / each)}`)
  const out = new Out(n)
  const mask = (1 << row.bits) - 1
  for (let i = 0; i < n; i++) {
    const v = t.ints[Math.floor(i / each)]!
    if (each > 1) out[i] = row.bitsToValue!((v >> ((i % each) * row.bits)) & mask)
    else out[i] = row.bitsToValue ? row.bitsToValue(v) : v
  }
  return out
}

/**
 * Elements [from, to) of a tensor whose bytes stay in a file, of a type of whole bytes.
 * @throws WGC231 as `tensorValues`
 */
export function tensorPart(t: TensorProto, file: string, from: number, to: number): Float32Array {
  const wrong = (why: string): never => fail('WGC231', [t.name, why], { place: { file } })
  const row = types[t.type] ?? wrong(`its type is ${typeName(t.type)}`)
  const { stored } = t
  if (!stored) return tensorValues(t, file, Float32Array).subarray(from, to)
  const bytes = (count(t, file) * row.bits) / 8
  if (stored.bytes !== bytes) wrong(`it has ${stored.bytes} bytes, its shape asks for ${bytes}`)
  const width = row.bits / 8
  const out = new Float32Array(to - from)
  fromBytes(row, stored.read(from * width, to * width), out)
  return out
}
