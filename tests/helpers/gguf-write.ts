/** Writes GGUF files for tests: fields, tensors, and encoders of the simple block types. */
import { writeFileSync } from 'node:fs'
import { arrayToF16, fromF16, toF16 } from '../../compiler/formats/f16.js'

/** `u32`, `f32` …, or a list of one of them. */
export type FieldType =
  | 'u8'
  | 'i8'
  | 'u16'
  | 'i16'
  | 'u32'
  | 'i32'
  | 'f32'
  | 'bool'
  | 'string'
  | 'u64'
  | 'i64'
  | 'f64'

export type Field = [key: string, type: FieldType | `${FieldType}[]`, value: unknown]

export interface Tensor {
  name: string
  /** Outermost first. */
  shape: number[]
  /** ggml's number. */
  type: number
  bytes: Uint8Array
}

const NUMBERS: Record<FieldType, [number: number, bytes: number]> = {
  u8: [0, 1],
  i8: [1, 1],
  u16: [2, 2],
  i16: [3, 2],
  u32: [4, 4],
  i32: [5, 4],
  f32: [6, 4],
  bool: [7, 1],
  string: [8, 0],
  u64: [10, 8],
  i64: [11, 8],
  f64: [12, 8],
}

export const u32 = (value: number): Buffer => {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value)
  return out
}

export const u64 = (value: number | bigint): Buffer => {
  const out = Buffer.alloc(8)
  out.writeBigUInt64LE(BigInt(value))
  return out
}

export const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'utf8')
  return Buffer.concat([u64(bytes.length), bytes])
}

function scalar(type: FieldType, value: unknown): Buffer {
  if (type === 'string') return text(value as string)
  const out = Buffer.alloc(NUMBERS[type][1])
  const view = new DataView(out.buffer, out.byteOffset, out.length)
  const number = Number(value)
  const write: Record<Exclude<FieldType, 'string'>, () => void> = {
    u8: () => view.setUint8(0, number),
    i8: () => view.setInt8(0, number),
    u16: () => view.setUint16(0, number, true),
    i16: () => view.setInt16(0, number, true),
    u32: () => view.setUint32(0, number, true),
    i32: () => view.setInt32(0, number, true),
    f32: () => view.setFloat32(0, number, true),
    bool: () => view.setUint8(0, value ? 1 : 0),
    u64: () => view.setBigUint64(0, BigInt(value as number), true),
    i64: () => view.setBigInt64(0, BigInt(value as number), true),
    f64: () => view.setFloat64(0, number, true),
  }
  write[type]()
  return out
}

export function fieldBytes([key, type, value]: Field): Buffer {
  if (!type.endsWith('[]')) {
    const one = type as FieldType
    return Buffer.concat([text(key), u32(NUMBERS[one][0]), scalar(one, value)])
  }
  const of = type.slice(0, -2) as FieldType
  const list = value as unknown[]
  const values = list.map((v) => scalar(of, v))
  return Buffer.concat([text(key), u32(9), u32(NUMBERS[of][0]), u64(list.length), ...values])
}

const padding = (length: number, alignment: number) =>
  Buffer.alloc((alignment - (length % alignment)) % alignment)

export interface WriteOptions {
  version?: number
  alignment?: number
}

/** The bytes of a file. */
export function ggufBytes(fields: Field[], tensors: Tensor[], options: WriteOptions = {}): Buffer {
  const { version = 3, alignment = 32 } = options
  const all: Field[] = alignment === 32 ? fields : [...fields, ['general.alignment', 'u32', alignment]]
  let offset = 0
  const infos: Buffer[] = []
  const data: Buffer[] = []
  for (const { name, shape, type, bytes } of tensors) {
    const dimensions = [...shape].reverse().map(u64)
    infos.push(text(name), u32(shape.length), ...dimensions, u32(type), u64(offset))
    const pad = padding(bytes.length, alignment)
    data.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), pad)
    offset += bytes.length + pad.length
  }
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    u64(tensors.length),
    u64(all.length),
    ...all.map(fieldBytes),
    ...infos,
  ])
  return Buffer.concat([head, padding(head.length, alignment), ...data])
}

export function writeGguf(path: string, fields: Field[], tensors: Tensor[], options?: WriteOptions): void {
  writeFileSync(path, ggufBytes(fields, tensors, options))
}

export interface Encoder {
  type: number
  block: number
  encode(values: Float32Array): Uint8Array
}

const asBytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** Blocks of 32: `head` bytes of scales and more, then integers. */
function blocks(bytes: number, encodeBlock: (x: Float32Array, out: DataView) => void) {
  return (values: Float32Array) => {
    const out = new Uint8Array((values.length / 32) * bytes)
    for (let b = 0; b < values.length / 32; b++)
      encodeBlock(values.subarray(b * 32, b * 32 + 32), new DataView(out.buffer, b * bytes, bytes))
    return out
  }
}

const clamp = (x: number, most: number) => Math.min(Math.max(Math.round(x), 0), most)
const extreme = (x: Float32Array) => x.reduce((a, v) => (Math.abs(v) > Math.abs(a) ? v : a), 0)
const over = (x: number, d: number) => (d === 0 ? 0 : x / d)

/** Encoders by name; not ggml's rounding to the bit, but blocks that are valid and near. */
export const encoders: Record<string, Encoder> = {
  F32: { type: 0, block: 1, encode: (values) => asBytes(Float32Array.from(values)) },
  F16: { type: 1, block: 1, encode: (values) => asBytes(arrayToF16(values)) },
  BF16: {
    type: 30,
    block: 1,
    encode: (values) =>
      asBytes(
        Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (u) => (u + 0x8000) >>> 16),
      ),
  },
  Q8_0: {
    type: 8,
    block: 32,
    encode: blocks(34, (x, out) => {
      const half = toF16(Math.abs(extreme(x)) / 127)
      out.setUint16(0, half, true)
      for (const [i, v] of x.entries())
        out.setInt8(2 + i, Math.min(Math.max(Math.round(over(v, fromF16(half))), -127), 127))
    }),
  },
  Q4_0: {
    type: 2,
    block: 32,
    encode: blocks(18, (x, out) => {
      const half = toF16(extreme(x) / -8)
      out.setUint16(0, half, true)
      const q = Array.from(x, (v) => clamp(over(v, fromF16(half)) + 8, 15))
      for (let j = 0; j < 16; j++) out.setUint8(2 + j, q[j]! | (q[j + 16]! << 4))
    }),
  },
  Q4_1: {
    type: 3,
    block: 32,
    encode: blocks(20, (x, out) => {
      const least = toF16(Math.min(...x))
      const half = toF16((Math.max(...x) - fromF16(least)) / 15)
      out.setUint16(0, half, true)
      out.setUint16(2, least, true)
      const q = Array.from(x, (v) => clamp(over(v - fromF16(least), fromF16(half)), 15))
      for (let j = 0; j < 16; j++) out.setUint8(4 + j, q[j]! | (q[j + 16]! << 4))
    }),
  },
  Q5_0: {
    type: 6,
    block: 32,
    encode: blocks(22, (x, out) => {
      const half = toF16(extreme(x) / -16)
      out.setUint16(0, half, true)
      const q = Array.from(x, (v) => clamp(over(v, fromF16(half)) + 16, 31))
      out.setUint32(2, Number(q.reduce((bits, v, j) => bits | (BigInt(v >> 4) << BigInt(j)), 0n)), true)
      for (let j = 0; j < 16; j++) out.setUint8(6 + j, (q[j]! & 15) | ((q[j + 16]! & 15) << 4))
    }),
  },
}
