/**
 * Safetensors files: read tensor by tensor, some rows at a time, by positioned reads, so that a file of any
 * size passes through little memory. Numbers are little-endian, as on every machine that Node runs on but s390x.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { fail } from '../errors.js'
import { arrayFromBF16, arrayFromF16 } from '../formats/f16.js'
import { failIo } from './files.js'
import {
  DTYPE_BITS,
  LENGTH_BYTES,
  MAX_HEADER_BYTES,
  parseHeader,
  type SafeDType,
  type TensorInfo,
} from './safetensors-header.js'

export interface SafetensorsFile {
  path: string
  tensors: ReadonlyMap<string, TensorInfo>
  /**
   * Rows [from, to) of a tensor as float32, row-major: the first dimension counts rows, the others make up a
   * row; of a 1-D tensor, elements. F32, F16, BF16 and F64 alone, else WGC215.
   */
  readRows(name: string, from: number, to: number): Promise<Float32Array>
  /** All bytes of a tensor of any type, in a buffer of their own. */
  readRaw(name: string): Promise<Uint8Array>
  close(): Promise<void>
}

/** One read call takes at most this much, below the system's own bound of 2 GiB. */
const READ_BYTES = 1 << 30

/** How each type that may be a weight becomes float32. */
const decoders: Partial<Record<SafeDType, (bytes: ArrayBuffer) => Float32Array>> = {
  F32: (bytes) => new Float32Array(bytes),
  F16: (bytes) => arrayFromF16(new Uint16Array(bytes)),
  BF16: (bytes) => arrayFromBF16(new Uint16Array(bytes)),
  F64: (bytes) => Float32Array.from(new Float64Array(bytes)),
}

export const FLOAT_DTYPES = Object.keys(decoders) as SafeDType[]

async function readAt(handle: FileHandle, path: string, begin: number, bytes: number): Promise<ArrayBuffer> {
  const out = new Uint8Array(bytes)
  let at = 0
  while (at < bytes) {
    const length = Math.min(bytes - at, READ_BYTES)
    const { bytesRead } = await handle
      .read(out, at, length, begin + at)
      .catch((e: unknown) => failIo(path, e, ''))
    if (bytesRead === 0) fail('WGC210', [begin + at, begin + bytes], { place: { file: path } })
    at += bytesRead
  }
  return out.buffer
}

/** What a file seems to be whose first bytes are no sensible length, and what to do then. */
const LOOKS: [start: string, what: string, hint: string][] = [
  [
    'version https://git-lfs',
    'it is a Git LFS pointer, not the file itself',
    'run "git lfs pull" in its folder',
  ],
  ['<', 'it is an HTML or XML page', 'download the file itself, not its page'],
  ['GGUF', 'it is a GGUF file', 'give it by its path, under a name that ends in .gguf'],
  ['PK', 'it is a ZIP archive, as PyTorch writes it', 'save the model as safetensors (save_pretrained does)'],
]

async function readHeader(handle: FileHandle, path: string): Promise<Map<string, TensorInfo>> {
  const stat = await handle.stat()
  const place = { place: { file: path } }
  if (!stat.isFile()) fail('WGC205', ['it is not a file'], place)
  const start = Buffer.from(await readAt(handle, path, 0, Math.min(stat.size, 64)))
  if (stat.size < LENGTH_BYTES) fail('WGC210', [stat.size, LENGTH_BYTES], place)
  const length = start.readBigUInt64LE(0)
  if (length > BigInt(MAX_HEADER_BYTES)) {
    const look = LOOKS.find(([text]) => start.toString('latin1').startsWith(text))
    fail('WGC211', look ? [look[1], look[2]] : [`its header would be ${length} bytes long`], place)
  }
  const header = Number(length)
  if (LENGTH_BYTES + header > stat.size) fail('WGC210', [stat.size, LENGTH_BYTES + header], place)
  return parseHeader(new Uint8Array(await readAt(handle, path, LENGTH_BYTES, header)), stat.size, path)
}

/**
 * Opens a file and checks its header: WGC203 missing, WGC205 unreadable, WGC210 truncated, WGC211 and WGC212
 * damaged. Must be closed.
 */
export async function openSafetensors(
  path: string,
  missingHint = 'give the path of a safetensors file',
): Promise<SafetensorsFile> {
  const handle = await open(path, 'r').catch((e: unknown) => failIo(path, e, missingHint))
  const tensors = await readHeader(handle, path).catch(async (e: unknown) => {
    await handle.close()
    throw e
  })
  const infoOf = (name: string) =>
    tensors.get(name) ?? fail('WGC901', [`${path}: tensor ${name} was not looked up first`])
  return {
    path,
    tensors,
    async readRows(name, from, to) {
      const { dtype, shape, begin } = infoOf(name)
      const decode = decoders[dtype] ?? fail('WGC215', [name, dtype, FLOAT_DTYPES], { place: { file: path } })
      const [rows = 1, ...columns] = shape
      if (from < 0 || from > to || to > rows) fail('WGC901', [`rows ${from} to ${to} of ${name}, of ${rows}`])
      const rowBytes = (columns.reduce((a, b) => a * b, 1) * DTYPE_BITS[dtype]) / 8
      return decode(await readAt(handle, path, begin + from * rowBytes, (to - from) * rowBytes))
    },
    async readRaw(name) {
      const { begin, end } = infoOf(name)
      return new Uint8Array(await readAt(handle, path, begin, end - begin))
    },
    close: () => handle.close(),
  }
}
