/** The key-value pairs of a GGUF file. They may come from anywhere: every count and length is checked first. */
import { fail } from '../../errors.js'
import { shown } from '../config.js'
import type { Cursor } from './cursor.js'

/** Values by key: numbers, booleans, strings, and lists of those. An integer that no float64 holds is its digits. */
export type Metadata = Record<string, unknown>

/** Far above what the largest vocabularies need; what is above would be read for a long time, for nothing. */
const MAX_PAIRS = 1 << 16
const MAX_KEY = 1 << 16
const MAX_STRING = 1 << 24
const MAX_LIST = 1 << 22
const MAX_TEXT = 1 << 28
const MAX_DEPTH = 2

const STRING = 8
const LIST = 9

const integer = (value: bigint): number | string =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : `${value}`

/** The shortest decimal that is this float32: 1e-5, as the model's author wrote it, not what float64 makes of it. */
function shortest(value: number): number {
  const short = Number(value.toPrecision(7))
  return Math.fround(short) === value ? short : value
}

/** Types of one size, by number: bytes, and how they are read. */
const scalars: Record<number, { bytes: number; read(view: DataView, at: number): unknown }> = {
  0: { bytes: 1, read: (v, at) => v.getUint8(at) },
  1: { bytes: 1, read: (v, at) => v.getInt8(at) },
  2: { bytes: 2, read: (v, at) => v.getUint16(at, true) },
  3: { bytes: 2, read: (v, at) => v.getInt16(at, true) },
  4: { bytes: 4, read: (v, at) => v.getUint32(at, true) },
  5: { bytes: 4, read: (v, at) => v.getInt32(at, true) },
  6: { bytes: 4, read: (v, at) => shortest(v.getFloat32(at, true)) },
  7: { bytes: 1, read: (v, at) => v.getUint8(at) !== 0 },
  10: { bytes: 8, read: (v, at) => integer(v.getBigUint64(at, true)) },
  11: { bytes: 8, read: (v, at) => integer(v.getBigInt64(at, true)) },
  12: { bytes: 8, read: (v, at) => v.getFloat64(at, true) },
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: names are printed to terminals
export const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/** Reads `count` pairs. Throws WGC240 for what is no GGUF, WGC210 where the file ends too early. */
export function readMetadata(cursor: Cursor, count: number, path: string): Metadata {
  const wrong = (why: string): never => fail('WGC240', [why], { place: { file: path } })
  if (count > MAX_PAIRS) wrong(`it would have ${count} fields`)
  let left = MAX_TEXT

  function text(what: string, most: number): string {
    const length = cursor.u64()
    if (length > most) wrong(`${what} would be ${length} bytes long`)
    left -= length
    if (left < 0) wrong(`its fields hold more than ${MAX_TEXT} bytes of text`)
    return cursor.text(length)
  }

  function list(key: string, depth: number): unknown[] {
    const type = cursor.u32()
    const length = cursor.u64()
    if (length > MAX_LIST) wrong(`${key} would be a list of ${length}`)
    const scalar = scalars[type]
    if (scalar) {
      const bytes = scalar.bytes
      const at = cursor.take(length * bytes)
      const view = cursor.view()
      return Array.from({ length }, (_, i) => scalar.read(view, at + i * bytes))
    }
    if (type === LIST && depth >= MAX_DEPTH) wrong(`${key} holds lists within lists`)
    // Each has a length of its own, of eight bytes.
    if (length * 8 > cursor.left()) wrong(`${key} would be a list of ${length}, the file is shorter`)
    return Array.from({ length }, () => value(key, type, depth))
  }

  function value(key: string, type: number, depth: number): unknown {
    const scalar = scalars[type]
    if (scalar) {
      const at = cursor.take(scalar.bytes)
      return scalar.read(cursor.view(), at)
    }
    if (type === STRING) return text(key, MAX_STRING)
    if (type === LIST) return list(key, depth + 1)
    return wrong(`${key} is of type ${type}, which GGUF doesn't have`)
  }

  const pairs = new Map<string, unknown>()
  for (let i = 0; i < count; i++) {
    const key = text(`the name of field ${i}`, MAX_KEY)
    if (key === '' || CONTROL.test(key)) wrong(`field ${i} is called ${shown(key)}`)
    if (pairs.has(key)) wrong(`field ${shown(key)} stands there twice`)
    pairs.set(key, value(key, cursor.u32(), 0))
  }
  return Object.fromEntries(pairs)
}
