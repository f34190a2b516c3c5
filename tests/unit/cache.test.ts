import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cacheKey, defaultCacheDir, openCache, trim } from '../../compiler/cache.js'
import { packageRoot } from '../../compiler/root.js'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wgc-cache-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const bytes = (text: string) => new TextEncoder().encode(text)
const pathOf = (key: string) => join(dir, key.slice(0, 2), key.slice(2))
const files = () =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name !== 'trimmed')
    .map((e) => e.name)

describe('keys', () => {
  const different: [a: Parameters<typeof cacheKey>, b: Parameters<typeof cacheKey>][] = [
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['1'], [1]],
    [['true'], [true]],
    [['a'], [bytes('a')]],
    [['a', ''], ['a']],
    [[], ['']],
  ]
  test.each(different)('%j is not %j', (a, b) => {
    expect(cacheKey(...a)).toMatch(/^[0-9a-f]{64}$/)
    expect(cacheKey(...a)).not.toBe(cacheKey(...b))
  })
  test('the same parts make the same key', () => {
    expect(cacheKey('x', 1, bytes('y'))).toBe(cacheKey('x', 1, bytes('y')))
  })
})

test('the folder comes from the environment', () => {
  expect(defaultCacheDir({ WGC_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a')
  expect(defaultCacheDir({ XDG_CACHE_HOME: '/b' })).toBe('/b/wgc')
  expect(defaultCacheDir({ XDG_CACHE_HOME: 'relative' })).toBe(join(homedir(), '.cache/wgc'))
  expect(defaultCacheDir({})).toBe(join(homedir(), '.cache/wgc'))
})

describe('entries', () => {
  test('come back, also to another process, and leave nothing beside', () => {
    const key = cacheKey('k')
    const cache = openCache({ dir })
    expect(cache.get(key)).toBeUndefined()
    expect(cache.has(key)).toBe(false)
    cache.put(key, bytes('content'))
    cache.put(key, bytes('content')) // twice is fine
    cache.put(cacheKey('empty'), new Uint8Array())
    const again = openCache({ dir })
    expect(again.has(key)).toBe(true)
    expect(new TextDecoder().decode(again.get(key))).toBe('content')
    expect(again.get(cacheKey('empty'))?.byteLength).toBe(0)
    expect(files()).toHaveLength(2)
  })

  const damage: [what: string, how: (path: string) => void][] = [
    ['a flipped bit', (p) => writeFileSync(p, flip(readFileSync(p)))],
    ['a cut file', (p) => writeFileSync(p, readFileSync(p).subarray(0, 40))],
    ['an empty file', (p) => writeFileSync(p, '')],
    ['another content', (p) => writeFileSync(p, 'hello, hello, hello, hello, hello, hello')],
  ]
  test.each(damage)('%s is noticed and removed', (_, how) => {
    const key = cacheKey('k')
    const cache = openCache({ dir })
    cache.put(key, bytes('some content'))
    how(pathOf(key))
    expect(cache.get(key)).toBeUndefined()
    expect(cache.has(key)).toBe(false)
    expect(cache.problem).toBeUndefined()
    cache.put(key, bytes('new'))
    expect(new TextDecoder().decode(cache.get(key))).toBe('new')
  })
})

const flip = (b: Buffer) => {
  b[b.length - 1]! ^= 1
  return b
}

describe('without a usable folder', () => {
  test('switched off', () => {
    const cache = openCache({ dir: false })
    cache.put(cacheKey('k'), bytes('x'))
    expect(cache.get(cacheKey('k'))).toBeUndefined()
    expect(cache.has(cacheKey('k'))).toBe(false)
    expect(cache.problem).toBe('switched off')
  })

  test('a file stands where the folder should be: off after the first try, with the reason', () => {
    writeFileSync(join(dir, 'file'), '')
    const cache = openCache({ dir: join(dir, 'file', 'cache') })
    cache.put(cacheKey('k'), bytes('x'))
    expect(cache.dir).toBeUndefined()
    expect(cache.problem).toMatch(/ENOTDIR/)
    expect(cache.get(cacheKey('k'))).toBeUndefined()
  })

  test('a folder stands where the entry should be', () => {
    const key = cacheKey('k')
    mkdirSync(pathOf(key), { recursive: true })
    const cache = openCache({ dir })
    expect(cache.get(key)).toBeUndefined()
    expect(cache.problem).toMatch(/EISDIR/)
  })
})

describe('size', () => {
  const age = (key: string, days: number) => {
    const at = new Date(Date.now() - days * 24 * 3600 * 1000)
    utimesSync(pathOf(key), at, at)
  }

  test('the least recently used go first', () => {
    const cache = openCache({ dir })
    const [old, used, fresh] = [cacheKey('old'), cacheKey('used'), cacheKey('new')]
    for (const key of [old, used, fresh]) cache.put(key, new Uint8Array(1000))
    age(old, 3)
    age(used, 4)
    cache.get(used)
    trim(dir, 2500)
    expect([old, used, fresh].map(cache.has)).toEqual([false, true, true])
  })

  test('what a crashed writer left goes too', () => {
    const key = cacheKey('k')
    openCache({ dir }).put(key, bytes('x'))
    const left = `${pathOf(key)}.1-2.tmp`
    writeFileSync(left, 'half')
    trim(dir, 1e6)
    expect(files()).toHaveLength(2)
    utimesSync(left, 0, 0)
    trim(dir, 1e6)
    expect(files()).toHaveLength(1)
  })

  test('writing keeps to the limit', () => {
    const cache = openCache({ dir, maxBytes: 10_000 })
    for (let i = 0; i < 50; i++) cache.put(cacheKey(i), new Uint8Array(1000))
    expect(files().length).toBeLessThan(12)
  })
})

test('packageRoot is the folder of package.json', () => {
  expect(JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).name).toBe('wgc')
})
