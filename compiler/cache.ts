/**
 * Content-addressed cache on disk for what is slow to make and depends on its inputs alone: specialised and
 * validated kernels, compiled C. An entry is stored behind its own hash, so a torn or edited file is noticed
 * and dropped. A cache that cannot be used is no error: everything then works without it, slower.
 *
 * Synchronous, because a warm build reads some 200 small entries and does nothing else meanwhile: 25 µs an
 * entry, its hash included, half of what promises take. `await cache.get(…)` works all the same.
 */
import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

export interface Cache {
  /** Its folder; undefined when there is none or when it proved unusable. */
  readonly dir: string | undefined
  /** Why the folder is not used, for `--verbose`. */
  readonly problem: string | undefined
  /** The entry's bytes, or undefined when there is none or it is damaged. */
  get(key: string): Uint8Array | undefined
  /** Stores an entry. Writes beside and renames, so no other process sees half of it. */
  put(key: string, bytes: Uint8Array): void
  has(key: string): boolean
}

export interface CacheOptions {
  /** Folder; false: no cache. Default: `$WGC_CACHE`, else `$XDG_CACHE_HOME/wgc`, else `~/.cache/wgc`. */
  dir?: string | false
  /** Bytes it may hold. Checked once a day and after every eighth of it written. Default 512 MiB. */
  maxBytes?: number
}

/** Raised when the layout of entries changes; old entries are then simply never found. */
const FORMAT = 'wgc-cache-1'
const HASH_BYTES = 32
const DAY = 24 * 3600 * 1000
const MAX_BYTES = 512 * 2 ** 20

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

/**
 * SHA-256, hex, of a list of parts. Lengths and types are hashed too: ('ab', 'c') is not ('a', 'bc'), and
 * 1 is not '1'.
 */
export function cacheKey(...parts: (string | number | boolean | Uint8Array)[]): string {
  const hash = createHash('sha256').update(FORMAT)
  for (const part of parts) {
    const bytes = typeof part === 'object' ? part : Buffer.from(String(part))
    hash.update(`\0${typeof part} ${bytes.byteLength}\0`).update(bytes)
  }
  return hash.digest('hex')
}

export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.WGC_CACHE) return env.WGC_CACHE
  const base = env.XDG_CACHE_HOME
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'wgc')
}

/** Opens the cache; touches the disk only when something is read or written. */
export function openCache(options: CacheOptions = {}): Cache {
  const chosen = options.dir ?? defaultCacheDir()
  const maxBytes = options.maxBytes ?? MAX_BYTES
  let dir = chosen === false ? undefined : chosen
  let problem: string | undefined = chosen === false ? 'switched off' : undefined
  let unchecked = Number.POSITIVE_INFINITY // bytes written since the size was checked

  /** The result, or the fallback when the disk refuses; then the cache is off for the rest of the run. */
  const guarded = <T>(fallback: T, act: (dir: string) => T): T => {
    if (dir === undefined) return fallback
    try {
      return act(dir)
    } catch (e) {
      if (!isDiskError(e)) throw e
      problem = e.message
      dir = undefined
      return fallback
    }
  }

  return {
    get dir() {
      return dir
    },
    get problem() {
      return problem
    },
    get: (key) => guarded(undefined, (dir) => read(entryPath(dir, key))),
    has: (key) => dir !== undefined && existsSync(entryPath(dir, key)),
    put: (key, bytes) =>
      guarded(undefined, (dir) => {
        write(entryPath(dir, key), bytes)
        unchecked += bytes.byteLength
        if (unchecked > maxBytes / 8) {
          trimIfDue(dir, maxBytes, unchecked < Number.POSITIVE_INFINITY)
          unchecked = 0
        }
      }),
  }
}

const entryPath = (dir: string, key: string) => join(dir, key.slice(0, 2), key.slice(2))

const isDiskError = (e: unknown): e is NodeJS.ErrnoException =>
  e instanceof Error && typeof (e as NodeJS.ErrnoException).syscall === 'string'

const isMissing = (e: unknown) => isDiskError(e) && e.code === 'ENOENT'

function read(path: string): Uint8Array | undefined {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (e) {
    if (isMissing(e)) return undefined
    throw e
  }
  let stored: Buffer
  try {
    stored = readFileSync(fd)
    // What is used stays: eviction takes the oldest first.
    if (Date.now() - fstatSync(fd).mtimeMs > DAY) futimes(fd)
  } finally {
    closeSync(fd)
  }
  const content = stored.subarray(HASH_BYTES)
  if (stored.byteLength >= HASH_BYTES && sha256(content).equals(stored.subarray(0, HASH_BYTES)))
    return content
  rmSync(path, { force: true })
  return undefined
}

/** A shared, read-only cache is still good for reading. */
function futimes(fd: number): void {
  try {
    futimesSync(fd, new Date(), new Date())
  } catch (e) {
    if (!isDiskError(e)) throw e
  }
}

function write(path: string, bytes: Uint8Array): void {
  const beside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  const content = Buffer.concat([sha256(bytes), bytes])
  try {
    writeFileSync(beside, content)
  } catch (e) {
    if (!isMissing(e)) throw e
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(beside, content)
  }
  renameSync(beside, path)
}

/** Evicts once a day, or at once when this process alone has written much. `trimmed` remembers when. */
function trimIfDue(dir: string, maxBytes: number, now: boolean): void {
  const stamp = join(dir, 'trimmed')
  const last = statSync(stamp, { throwIfNoEntry: false })?.mtimeMs
  if (last === undefined) writeFileSync(stamp, '')
  else if (!now && Date.now() - last < DAY) return
  else utimesSync(stamp, new Date(), new Date())
  trim(dir, maxBytes)
}

/** Removes the least recently used entries (and what crashed writers left) until it holds at most that much. */
export function trim(dir: string, maxBytes: number): void {
  const entries = readdirSync(dir)
    .filter((name) => /^[0-9a-f]{2}$/.test(name))
    .flatMap((name) => readdirSync(join(dir, name)).map((file) => join(dir, name, file)))
    .flatMap((path) => {
      const stat = statSync(path, { throwIfNoEntry: false })
      return stat ? [{ path, bytes: stat.size, at: stat.mtimeMs }] : []
    })
    .sort((a, b) => a.at - b.at)
  let total = entries.reduce((sum, e) => sum + e.bytes, 0)
  for (const { path, bytes, at } of entries) {
    const abandoned = path.endsWith('.tmp') && Date.now() - at > DAY
    if (total <= maxBytes && !abandoned) continue
    rmSync(path, { force: true })
    total -= bytes
  }
}
