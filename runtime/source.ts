/** Where a bundle's files come from, and how they get to their place: bounded, checked, without copies. */
import {
  abortReason,
  checkAbort,
  FetchError,
  IntegrityError,
  OutOfMemoryError,
  UnsupportedError,
} from './errors.js'
import type { FileInfo } from './format.js'

/** Reads the files of one bundle. `name` is a plain file name. */
export interface Source {
  /** `from`: the first byte to read, above 0 only where the source `resumes`. */
  read(
    name: string,
    options: { signal?: AbortSignal | undefined; from?: number },
  ): Promise<Uint8Array | ReadableStream<Uint8Array>>
  /** What broke off is read on from there: `read` takes `from`, and throws a FetchError with a status where it can't. */
  resumes?: boolean
}

/** auto: SHA-256 is checked wherever the page has `crypto.subtle` (https, localhost). */
export type Integrity = 'auto' | 'require' | 'off'

/** Files in a folder of a web server. `url` is the folder or its manifest.json. */
export function urlSource(url: string | URL): Source {
  const folder = new URL(
    String(url).replace(/(\/manifest\.json|\/)?([?#].*)?$/, '/'),
    globalThis.location?.href,
  )
  return {
    resumes: true,
    async read(name, { signal, from }) {
      const at = new URL(name, folder)
      let response: Response
      try {
        response = await fetch(at, { signal: signal!, headers: from ? { range: `bytes=${from}-` } : {} })
      } catch (e) {
        if (signal?.aborted) throw abortReason(signal)
        throw new FetchError(`${at} could not be fetched: ${(e as Error).message}`, undefined, e)
      }
      if (!response.ok || (from && response.status !== 206))
        throw new FetchError(`${at}: HTTP ${response.status}`, response.status)
      return response.body ?? new Uint8Array(await response.arrayBuffer())
    },
  }
}

/** Where a file goes. */
export interface Placement {
  /** As long as the file. */
  bytes: Uint8Array
  /** The first `upTo` bytes are there. */
  arrived?(upTo: number): void
  /** They have left the page's memory. */
  settled?(): Promise<unknown>
}

export interface Reader {
  source: Source
  integrity: Integrity
  signal: AbortSignal
  onBytes(count: number): void
}

/** Reads a whole file of known size and hash to its place. */
export async function readFile(
  { source, integrity, signal, onBytes }: Reader,
  name: string,
  info: FileInfo,
  place: Placement = { bytes: allocate(info.bytes) },
): Promise<Uint8Array> {
  const { bytes } = place
  let at = 0
  await drain(source, name, signal, (chunk) => {
    if (at + chunk.length > bytes.length) throw new IntegrityError(`${name} is longer than the manifest says`)
    bytes.set(chunk, at)
    at += chunk.length
    place.arrived?.(at)
    onBytes(chunk.length)
  })
  if (at < bytes.length) throw new IntegrityError(`${name} ends after ${at} of ${bytes.length} bytes`)
  await verify(name, bytes, info.sha256, integrity)
  await place.settled?.()
  checkAbort(signal)
  return bytes
}

/** A fresh array of that many bytes. Throws OutOfMemoryError. */
export function allocate(bytes: number): Uint8Array {
  try {
    return new Uint8Array(bytes)
  } catch (e) {
    throw new OutOfMemoryError(`no room for ${bytes} bytes`, { cause: e })
  }
}

/** Reads a file of unknown size, up to `max` bytes. */
export async function readSmall(source: Source, name: string, max: number, signal: AbortSignal) {
  const chunks: Uint8Array[] = []
  let total = 0
  await drain(source, name, signal, (chunk) => {
    total += chunk.length
    if (total > max) throw new IntegrityError(`${name} is longer than ${max} bytes`)
    chunks.push(chunk)
  })
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer())
}

async function drain(
  source: Source,
  name: string,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const body = await source.read(name, { signal })
  checkAbort(signal)
  if (body instanceof Uint8Array) return take(body)
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((e) => {
        checkAbort(signal)
        // As streams tell that the network failed.
        throw e instanceof TypeError ? new FetchError(`${name} broke off: ${e.message}`, undefined, e) : e
      })
      checkAbort(signal)
      if (done) return
      take(value)
    }
  } catch (e) {
    // The stream is of no more use; what cancelling it says adds nothing to `e`.
    reader.cancel().catch(() => {})
    throw e
  }
}

async function verify(name: string, bytes: Uint8Array, sha256: string, integrity: Integrity): Promise<void> {
  if (integrity === 'off') return
  const subtle = globalThis.crypto?.subtle
  if (!subtle) {
    if (integrity === 'auto') return
    throw new UnsupportedError('files cannot be checked here: crypto.subtle needs https or localhost')
  }
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes as BufferSource))
  const hex = Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('')
  if (hex !== sha256) throw new IntegrityError(`${name} is damaged: its SHA-256 is not the manifest's`)
}
