/** The bytes of a model's files, read where they are wanted, each file opened once. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '../../errors.js'
import { failIo } from '../files.js'
import type { StoredBytes, TensorProto } from './protos.js'

export interface ByteFile {
  path: string
  size: number
  /** Bytes [from, to), which must lie within the file. */
  read(from: number, to: number): Uint8Array
}

export interface ByteFiles {
  /** `hint` says what to do when there is no such file. */
  open(path: string, hint?: string): ByteFile
  close(): void
}

/** Files that one model may spread over. */
const MAX_FILES = 1024

/** One read call takes at most this much, below the system's own bound of 2 GiB. */
const READ_BYTES = 1 << 30

export function byteFiles(): ByteFiles {
  const opened = new Map<string, ByteFile & { handle: number }>()
  const attempt = <T>(path: string, hint: string, act: () => T): T => {
    try {
      return act()
    } catch (e) {
      return failIo(path, e, hint)
    }
  }
  const open = (path: string, hint = ''): ByteFile => {
    const known = opened.get(path)
    if (known) return known
    if (opened.size >= MAX_FILES) fail('WGC230', [`its data is in more than ${MAX_FILES} files`])
    const handle = attempt(path, hint, () => openSync(path, 'r'))
    const { size } = attempt(path, hint, () => fstatSync(handle))
    const read = (from: number, to: number): Uint8Array => {
      const out = new Uint8Array(to - from)
      for (let at = 0; at < out.length; ) {
        const length = Math.min(out.length - at, READ_BYTES)
        const n = attempt(path, '', () => readSync(handle, out, at, length, from + at))
        if (n === 0) fail('WGC210', [from + at, to], { place: { file: path } })
        at += n
      }
      return out
    }
    const file = { path, size, read, handle }
    opened.set(path, file)
    return file
  }
  return {
    open,
    close() {
      for (const { handle } of opened.values()) closeSync(handle)
      opened.clear()
    },
  }
}

/** A part of a file as a tensor's bytes. */
export const stored = (file: ByteFile, offset: number, bytes: number): StoredBytes => ({
  bytes,
  read: (from, to) => file.read(offset + from, offset + to),
})

/** A whole number that an external tensor's entry gives as text. */
function entry(t: TensorProto, file: string, key: string): number | undefined {
  const text = t.external!.find(([k]) => k === key)?.[1]
  if (text === undefined) return undefined
  const n = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(n)
    ? n
    : fail('WGC231', [t.name, `its ${key} is "${text}"`], { place: { file } })
}

/** Parts of a path that stay in the folder where they begin, on every system. */
const isInside = (location: string): boolean =>
  location !== '' &&
  !/[\\:\0]/.test(location) &&
  location.split('/').every((part) => part !== '' && part !== '..' && part !== '.')

/**
 * Bytes of a tensor whose data is in a file beside the model's.
 * @throws WGC231 when the file's name leads out of the folder, or the file is shorter than the tensor says
 */
export function external(t: TensorProto, file: string, folder: string, files: ByteFiles): StoredBytes {
  const wrong = (why: string): never => fail('WGC231', [t.name, why], { place: { file } })
  const location = t.external!.find(([k]) => k === 'location')?.[1] ?? ''
  if (!isInside(location)) wrong(`its data is said to be in "${location}", which is no file beside the model`)
  const data = files.open(join(folder, location), 'the model keeps weights there: download it as well')
  const offset = entry(t, file, 'offset') ?? 0
  const bytes = entry(t, file, 'length') ?? data.size - offset
  if (offset + bytes > data.size || bytes < 0)
    wrong(`its data ends at byte ${offset + Math.max(bytes, 0)} of ${location}, which has ${data.size}`)
  return stored(data, offset, bytes)
}
