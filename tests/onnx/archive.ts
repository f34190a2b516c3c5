/** Files of a `.tar.gz`, by path, without unpacking it to disk. Format: POSIX ustar, with GNU's long names. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const BLOCK = 512
const FILE = '0'
const LONG_NAME = 'L'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8').split('\0')[0]!

export function readArchive(path: string): Map<string, Uint8Array> {
  const all = gunzipSync(readFileSync(path))
  const files = new Map<string, Uint8Array>()
  let long: string | undefined
  for (let at = 0; at + BLOCK <= all.length && all[at] !== 0; ) {
    const header = all.subarray(at, at + BLOCK)
    const size = Number.parseInt(text(header.subarray(124, 136)), 8)
    const type = String.fromCharCode(header[156]!) === '\0' ? FILE : String.fromCharCode(header[156]!)
    const content = all.subarray(at + BLOCK, at + BLOCK + size)
    const prefix = text(header.subarray(345, 500))
    const name = long ?? (prefix ? `${prefix}/` : '') + text(header.subarray(0, 100))
    long = type === LONG_NAME ? text(content) : undefined
    if (type === FILE) files.set(name, content)
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}
