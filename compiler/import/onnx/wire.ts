/**
 * Protobuf's wire format with every length checked: `pbf` itself trusts the file. A message is a table from
 * field number to what reads it; fields that the table doesn't name are skipped.
 * Format: https://protobuf.dev/programming-guides/encoding/
 */
import { PbfReader } from 'pbf'
import { fail, WgcError } from '../../errors.js'

/** Where a reader stands: the file, for messages, and how deep messages are nested. */
export interface Cursor {
  file: string
  pbf: PbfReader
  /** End of the message that is being read. */
  end: number
  depth: number
}

/** Graphs nest by `If` and `Loop`; no model nests far. */
const MAX_DEPTH = 64

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5

export const damaged = (file: string, why: string): never => fail('WGC230', [why], { place: { file } })

export type Fields<T> = Record<number, (into: T, c: Cursor) => void>

/** Reads the fields from here to the cursor's end. */
export function fields<T>(c: Cursor, into: T, table: Fields<T>): T {
  const { pbf, end } = c
  while (pbf.pos < end) {
    const field = pbf.nextField(end)
    const read = table[field]
    if (read) read(into, c)
    else pbf.skip(pbf.type)
    if (!(pbf.pos <= end)) damaged(c.file, `field ${field} runs over the end of its message`)
    // pbf skips a value whose start it stands at: without this it would skip what a table just read as empty.
    pbf._valueStart = -1
  }
  return into
}

function wanted(c: Cursor, type: number): void {
  if (c.pbf.type !== type) damaged(c.file, `a field has wire type ${c.pbf.type}, not ${type}`)
}

/** Length of what follows, which lies within the message. */
function length(c: Cursor): number {
  wanted(c, BYTES)
  const n = c.pbf.readVarint()
  if (!(n >= 0 && n <= c.end - c.pbf.pos)) damaged(c.file, `a field of ${n} bytes runs over the end`)
  return n
}

/** A view of the file, not a copy. */
export function bytes(c: Cursor): Uint8Array {
  const n = length(c)
  const start = c.pbf.pos
  c.pbf.pos += n
  return c.pbf.buf.subarray(start, start + n)
}

const utf8 = new TextDecoder()

export const text = (c: Cursor): string => utf8.decode(bytes(c))

/** int32, int64, enum or bool; beyond 2^53 the nearest number. */
export function int(c: Cursor): number {
  wanted(c, VARINT)
  return c.pbf.readVarint(true)
}

export function float(c: Cursor): number {
  wanted(c, FIXED32)
  if (c.end - c.pbf.pos < 4) damaged(c.file, 'a number runs over the end')
  return c.pbf.readFloat()
}

/** A nested message. */
export function nested<T>(c: Cursor, into: T, table: Fields<T>): T {
  if (c.depth >= MAX_DEPTH) damaged(c.file, 'its messages are nested too deep')
  const end = length(c) + c.pbf.pos
  return fields({ ...c, end, depth: c.depth + 1 }, into, table)
}

/** One more of a repeated integer, or many of them packed. */
export function ints(c: Cursor, list: number[], signed = true): void {
  if (c.pbf.type === VARINT) {
    list.push(c.pbf.readVarint(signed))
    return
  }
  const end = length(c) + c.pbf.pos
  while (c.pbf.pos < end) list.push(c.pbf.readVarint(signed))
  if (c.pbf.pos !== end) damaged(c.file, 'packed integers run over their end')
}

/** One more of a repeated number of fixed width, or many packed: their bytes. */
export function fixed(c: Cursor, width: 4 | 8): Uint8Array {
  if (c.pbf.type === BYTES) {
    const packed = bytes(c)
    if (packed.length % width) damaged(c.file, `${packed.length} bytes are no numbers of ${width} bytes`)
    return packed
  }
  wanted(c, width === 4 ? FIXED32 : FIXED64)
  if (c.end - c.pbf.pos < width) damaged(c.file, 'a number runs over the end')
  const start = c.pbf.pos
  c.pbf.pos += width
  return c.pbf.buf.subarray(start, start + width)
}

/** A file that is one message. What pbf itself finds wrong is an error of the file as well. */
export function readFile<T>(file: string, content: Uint8Array, into: T, table: Fields<T>): T {
  try {
    return fields({ file, pbf: new PbfReader(content), end: content.length, depth: 0 }, into, table)
  } catch (cause) {
    if (cause instanceof WgcError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    return fail('WGC230', [`its messages are not well-formed: ${why}`], { place: { file }, cause })
  }
}
