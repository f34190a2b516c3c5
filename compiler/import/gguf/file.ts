/** An open GGUF file: some rows of a tensor at a time, by positioned reads. */
import { open } from 'node:fs/promises'
import { fail } from '../../errors.js'
import { failIo } from '../files.js'
import { type GgufHeader, readHeader } from './header.js'

export interface GgufFile extends GgufHeader {
  path: string
  /** Bytes of rows [from, to) of a tensor; of a vector, rows are of one element. In a buffer of their own. */
  readRows(name: string, from: number, to: number): Promise<Uint8Array<ArrayBuffer>>
  close(): Promise<void>
}

const READ_BYTES = 1 << 30

/** Opens a file and checks its header: see `readHeader`; WGC203 missing, WGC205 unreadable. Must be closed. */
export async function openGguf(
  path: string,
  missingHint = 'give the path of a .gguf file',
): Promise<GgufFile> {
  const handle = await open(path, 'r').catch((e: unknown) => failIo(path, e, missingHint))
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) fail('WGC205', ['it is not a file'], { place: { file: path } })
    const header = readHeader(handle.fd, path, stat.size)
    return {
      ...header,
      path,
      async readRows(name, from, to) {
        const { begin, shape, type } = header.tensors.get(name)!
        const columns = shape.slice(1).reduce((a, b) => a * b, 1)
        const rowBytes = (columns / type.block) * type.bytes
        const out = new Uint8Array((to - from) * rowBytes)
        for (let at = 0; at < out.length; ) {
          const length = Math.min(out.length - at, READ_BYTES)
          const position = begin + from * rowBytes + at
          const { bytesRead } = await handle
            .read(out, at, length, position)
            .catch((e: unknown) => failIo(path, e, ''))
          if (bytesRead === 0) fail('WGC210', [position, begin + to * rowBytes], { place: { file: path } })
          at += bytesRead
        }
        return out
      },
      close: () => handle.close(),
    }
  } catch (e) {
    await handle.close()
    throw e
  }
}
