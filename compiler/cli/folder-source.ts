/** A bundle in a folder, as the runtime reads it. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Source } from '../../runtime/source.js'
import { failIo } from '../import/files.js'

const CHUNK = 1 << 20

/** Reads files of `folder`, a megabyte at a time. A missing one is WGC203. */
export function folderSource(folder: string): Source {
  return {
    async read(name) {
      const path = join(folder, name)
      const handle = await open(path, 'r').catch((e: unknown) =>
        failIo(path, e, 'copy the bundle again, or build it again'),
      )
      // Closes the handle at its end, and when the runtime cancels it.
      return Readable.toWeb(handle.createReadStream({ highWaterMark: CHUNK })) as ReadableStream<Uint8Array>
    },
  }
}
