/**
 * Reads a file's beginning in order, through a window of a fixed size: headers are small beside the weights after
 * them, but nobody knows how small before they are read.
 */
import { readSync } from 'node:fs'
import { fail } from '../../errors.js'
import { ioReason } from '../files.js'

export interface Cursor {
  /** Byte of the file that comes next. */
  at(): number
  /** Bytes that are left of the file. */
  left(): number
  /** `bytes` from here on, valid until the next call: their place in `view`. WGC210 where the file ends before. */
  take(bytes: number): number
  /** The window. */
  view(): DataView
  u32(): number
  /** As a number; where that would not be exact, as the nearest above 2^53. */
  u64(): number
  /** UTF-8, of so many bytes. */
  text(bytes: number): string
}

const WINDOW = 1 << 20

/** Of an open file of `size` bytes; `path` is for messages. `most` bounds what may be read in all. */
export function openCursor(fd: number, path: string, size: number): Cursor {
  let bytes = Buffer.alloc(Math.min(WINDOW, Math.max(size, 1)))
  let view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  /** The window holds bytes [start, start + filled) of the file; `next` counts within it. */
  let start = 0
  let filled = 0
  let next = 0

  function refill(wanted: number): void {
    const rest = bytes.subarray(next, filled)
    const room = wanted > bytes.length ? Buffer.alloc(wanted) : bytes
    rest.copy(room)
    start += next
    filled = rest.length
    next = 0
    if (room !== bytes) {
      bytes = room
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    while (filled < wanted) {
      let got = 0
      try {
        got = readSync(fd, bytes, filled, bytes.length - filled, start + filled)
      } catch (e) {
        fail('WGC205', [ioReason(e)], { place: { file: path }, cause: e })
      }
      if (got === 0) fail('WGC210', [start + filled, start + wanted], { place: { file: path } })
      filled += got
    }
  }

  const cursor: Cursor = {
    at: () => start + next,
    left: () => size - start - next,
    view: () => view,
    take(count) {
      // Before anything is allocated for it.
      if (count > cursor.left()) fail('WGC210', [size, cursor.at() + count], { place: { file: path } })
      if (next + count > filled) refill(count)
      const from = next
      next += count
      return from
    },
    u32() {
      const from = cursor.take(4)
      return view.getUint32(from, true)
    },
    u64() {
      const from = cursor.take(8)
      return view.getUint32(from, true) + view.getUint32(from + 4, true) * 2 ** 32
    },
    text(count) {
      const from = cursor.take(count)
      return bytes.toString('utf8', from, from + count)
    },
  }
  return cursor
}
