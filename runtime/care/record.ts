/**
 * What is remembered of a device and a bundle from one visit to the next: variants that computed wrongly, variants that
 * passed their test, how long they took. Of no use to anybody else: it holds no names, only hashes as keys.
 */
import type { Capabilities } from '../detect.js'
import type { Manifest } from '../format.js'
import type { Context } from '../options.js'
import { checkCosts, type KernelCosts } from './costs.js'
import { checkTimings, type Timings } from './history.js'

/** Where records are kept: small texts by key. A page may give one of its own. */
export interface RecordStore {
  get(key: string): Promise<string | undefined>
  set(key: string, text: string): Promise<void>
}

/** Of one device and one bundle. */
export interface Remembered {
  /** `code plan/program`: of a variant's files, the programs whose kernels passed the self-test. */
  passed: string[]
  /** Variants that are not to be taken, and why. */
  refused: Record<string, string>
  /** How long steps of each variant took. */
  timings: Timings
  /** How long kernels took. */
  costs: KernelCosts
}

const nothing = (): Remembered => ({ passed: [], refused: {}, timings: {}, costs: {} })

/** FNV-1a, 64 bits in two halves: a key, no proof. */
function hash(text: string): string {
  let a = 0x811c9dc5
  let b = 0x01000193
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    a = Math.imul(a ^ c, 0x01000193)
    b = Math.imul(b ^ c, 0x85ebca6b) ^ (b >>> 13)
  }
  return [a, b].map((n) => (n >>> 0).toString(16).padStart(8, '0')).join('')
}

/**
 * The key of a device and a bundle. Another adapter, another version of the browser and another build each have one of
 * their own: a driver or a compiler that was mended gets another chance.
 */
export function recordKey(manifest: Manifest, { webgpu, wasm }: Capabilities): string {
  const { features, limits, info } = webgpu
  const device = [globalThis.navigator?.userAgent ?? '', features, limits, info, wasm]
  const bundle = [manifest.wgc, manifest.variants, manifest.files]
  return `wgc ${hash(JSON.stringify(device))} ${hash(JSON.stringify(bundle))}`
}

/** What the store holds; nothing where it is empty, damaged or out of reach: a record only saves time. */
export async function readRecord(store: RecordStore, key: string): Promise<Remembered> {
  try {
    const { passed, refused, timings, costs } = JSON.parse(
      (await store.get(key)) ?? '{}',
    ) as Partial<Remembered>
    return {
      passed: Array.isArray(passed) ? passed.map(String) : [],
      refused: Object.fromEntries(Object.entries(refused ?? {}).map(([id, why]) => [id, String(why)])),
      timings: checkTimings(timings),
      costs: checkCosts(costs),
    }
  } catch {
    return nothing()
  }
}

export async function writeRecord(store: RecordStore, key: string, record: Remembered): Promise<void> {
  // A full or forbidden store costs the next visit some milliseconds, and this one nothing.
  await store.set(key, JSON.stringify(record)).catch(() => {})
}

/** A load does without a record that takes longer. */
const PATIENCE_MS = 500
const LATE = Symbol()

/** WebKit's database does not answer while a page that is gone holds a transaction: nothing may wait for it for ever. */
function inTime<T>(work: Promise<T>): Promise<T | typeof LATE> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, PATIENCE_MS, LATE)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** The record of a load, read once and shared by all that remember something; each change is written. */
export interface OpenRecord {
  reading: Promise<Remembered>
  change(change: (record: Remembered) => void): Promise<void>
}

/** By the manifest, which each load parses anew. */
const opened = new WeakMap<Manifest, OpenRecord>()

export function recordOf({ manifest, capabilities, options }: Context): OpenRecord {
  const known = opened.get(manifest)
  if (known) return known
  const store = options.record === false ? undefined : (options.record ?? defaultStore())
  const key = recordKey(manifest, capabilities)
  const read = store ? inTime(readRecord(store, key)) : Promise.resolve(nothing())
  const reading = read.then((found) => (found === LATE ? nothing() : found))
  const made: OpenRecord = {
    reading,
    async change(change) {
      const record = await reading
      change(record)
      // What could not be read is not written over.
      if (store && (await read) !== LATE) await inTime(writeRecord(store, key, record))
    },
  }
  opened.set(manifest, made)
  return made
}

/** Whether another load finds what this one remembers. */
export const lasts = ({ record }: { record?: RecordStore | false | undefined }): boolean =>
  record === undefined ? !!globalThis.indexedDB : record !== false

/** IndexedDB, which pages and workers have; memory of one load where there is none. */
export function defaultStore(): RecordStore {
  return globalThis.indexedDB ? databaseStore(globalThis.indexedDB) : memoryStore()
}

export function memoryStore(): RecordStore {
  const texts = new Map<string, string>()
  return {
    get: async (key) => texts.get(key),
    async set(key, text) {
      texts.set(key, text)
    },
  }
}

const TABLE = 'records'

function databaseStore(factory: IDBFactory): RecordStore {
  const answer = <T>(request: IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
  const open = (): Promise<IDBDatabase> => {
    const request = factory.open('wgc', 1)
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE)
    return answer(request)
  }
  const use = async <T>(mode: IDBTransactionMode, ask: (table: IDBObjectStore) => IDBRequest<T>) => {
    const database = await open()
    try {
      return await answer(ask(database.transaction(TABLE, mode).objectStore(TABLE)))
    } finally {
      database.close()
    }
  }
  return {
    get: (key) => use<string | undefined>('readonly', (table) => table.get(key)),
    async set(key, text) {
      await use('readwrite', (table) => table.put(text, key))
    },
  }
}
