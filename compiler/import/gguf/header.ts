/**
 * The header of a GGUF file: fields, then name, shape, type and place of each tensor. Nothing of it is believed
 * before it is checked. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { fail } from '../../errors.js'
import { configReader, shown } from '../config.js'
import type { GgmlType } from './block.js'
import { type Cursor, openCursor } from './cursor.js'
import { CONTROL, type Metadata, readMetadata } from './metadata.js'
import { ggmlTypes } from './types.js'

export interface GgufTensor {
  type: GgmlType
  /** Outermost first, as everywhere in wgc; the file has them the other way round. */
  shape: number[]
  /** Bytes [begin, end) of the file. */
  begin: number
  end: number
}

export interface GgufHeader {
  metadata: Metadata
  tensors: Map<string, GgufTensor>
}

const MAGIC = 0x46554747
const VERSIONS = [2, 3]
const DEFAULT_ALIGNMENT = 32
const MAX_ALIGNMENT = 1 << 20
const MAX_TENSORS = 1 << 18
const MAX_NAME = 256
const MAX_DIMENSIONS = 4
/** Length, number of dimensions, one of them, type, offset. */
const LEAST_TENSOR_BYTES = 8 + 4 + 8 + 4 + 8

interface Declared {
  name: string
  type: GgmlType
  shape: number[]
  offset: number
  bytes: number
}

/** Bytes of a tensor, once its sizes are known to be sensible. */
function sizeOf(
  shape: readonly number[],
  type: GgmlType,
  typeNumber: number,
  wrong: (why: string) => never,
): number {
  let count = 1
  for (const d of shape) {
    if (!Number.isSafeInteger(d) || d < 1) wrong(`its shape is [${shape.join(', ')}]`)
    count *= d
    if (!Number.isSafeInteger(count)) wrong(`its shape [${shape.join(', ')}] has too many elements`)
  }
  const columns = shape.at(-1)!
  if (columns % type.block !== 0)
    wrong(
      `its rows of ${columns} are no multiple of ${type.block}, the block of ${type.name} (${typeNumber})`,
    )
  const bytes = (count / type.block) * type.bytes
  return Number.isSafeInteger(bytes) ? bytes : wrong(`its shape [${shape.join(', ')}] has too many elements`)
}

function readTensor(cursor: Cursor, index: number, path: string): Declared {
  const place = { place: { file: path } }
  const length = cursor.u64()
  if (length > MAX_NAME) fail('WGC240', [`the name of tensor ${index} would be ${length} bytes long`], place)
  const name = cursor.text(length)
  if (name === '' || CONTROL.test(name)) fail('WGC240', [`tensor ${index} is called ${shown(name)}`], place)
  const wrong = (why: string): never => fail('WGC241', [name, why], place)
  const dimensions = cursor.u32()
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS) wrong(`it has ${dimensions} dimensions`)
  const shape = Array.from({ length: dimensions }, () => cursor.u64()).reverse()
  const number = cursor.u32()
  const type = ggmlTypes[number] ?? wrong(`its type is ${number}, which is none that is known`)
  const offset = cursor.u64()
  return { name, type, shape, offset, bytes: sizeOf(shape, type, number, wrong) }
}

/** Tensors by name, each within the file, none in another's bytes. */
function placeTensors(
  declared: Declared[],
  data: number,
  alignment: number,
  size: number,
  path: string,
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>()
  const place = { place: { file: path } }
  let needed = 0
  for (const { name, type, shape, offset, bytes } of declared) {
    if (tensors.has(name)) fail('WGC241', [name, 'it stands there twice'], place)
    if (!Number.isSafeInteger(offset) || offset % alignment !== 0)
      fail('WGC241', [name, `its offset ${offset} is no multiple of ${alignment}`], place)
    const begin = data + offset
    tensors.set(name, { type, shape, begin, end: begin + bytes })
    needed = Math.max(needed, begin + bytes)
  }
  if (needed > size) fail('WGC210', [size, needed], place)
  let last: [string, GgufTensor] | undefined
  for (const entry of [...tensors].sort((a, b) => a[1].begin - b[1].begin)) {
    if (last && entry[1].begin < last[1].end)
      fail('WGC241', [entry[0], `its bytes are also those of ${last[0]}`], place)
    last = entry
  }
  return tensors
}

function checkVersion(version: number, path: string): void {
  const place = { place: { file: path } }
  // Swapped, a small number stands in the high half.
  if ((version & 0xffff) === 0)
    fail('WGC240', ['it is written for big-endian machines', 'get the little-endian file'], place)
  if (!VERSIONS.includes(version))
    fail(
      'WGC240',
      [`it is of version ${version}, wgc reads ${VERSIONS.join(' and ')}`, 'convert the model anew'],
      place,
    )
}

/**
 * Header of an open file of `size` bytes. Throws WGC240 for what is no GGUF, WGC241 for a tensor that can't be,
 * WGC210 where the file is too short, WGC208 for a field of the wrong type.
 */
export function readHeader(fd: number, path: string, size: number): GgufHeader {
  const place = { place: { file: path } }
  const cursor = openCursor(fd, path, size)
  if (size < 4 || cursor.u32() !== MAGIC)
    fail('WGC240', ['it does not begin with GGUF', 'give a .gguf file'], place)
  checkVersion(cursor.u32(), path)
  const count = cursor.u64()
  const pairs = cursor.u64()
  if (count > MAX_TENSORS || count * LEAST_TENSOR_BYTES > size)
    fail('WGC240', [`it would have ${count} tensors`], place)
  const metadata = readMetadata(cursor, pairs, path)
  const alignment = configReader(metadata, path).int('general.alignment', {
    min: 1,
    max: MAX_ALIGNMENT,
    default: DEFAULT_ALIGNMENT,
  })
  if ((alignment & (alignment - 1)) !== 0 || alignment % 8 !== 0)
    fail('WGC208', ['general.alignment', `${alignment}`, 'a power of two of at least 8'], place)
  const declared = Array.from({ length: count }, (_, i) => readTensor(cursor, i, path))
  const data = Math.ceil(cursor.at() / alignment) * alignment
  return { metadata, tensors: placeTensors(declared, data, alignment, size, path) }
}
