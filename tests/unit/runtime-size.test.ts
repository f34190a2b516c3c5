import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Built, buildRuntime } from '../helpers/build-runtime.js'

let built: Built
beforeAll(async () => {
  built = await buildRuntime()
})
afterAll(() => built.remove())

const text = (file: string) => readFileSync(join(built.folder, file), 'utf8')

it('is at most 15 kB', () => {
  expect(brotliCompressSync(text('runtime.js')).length).toBeLessThanOrEqual(15_000)
})

it('is made of itself alone, and imports but the tokenizer, the extras, the care, the report and threads, when they are asked for', () => {
  const outside = built.modules.runtime.filter((m) => !m.startsWith(join(built.folder, 'runtime')))
  expect(outside).toEqual([])
  expect(built.imports.runtime.map((m) => basename(m))).toEqual([
    'inspect.js',
    'wasm-threads.js',
    'extras.js',
    'care.js',
    'tokenizer.js',
  ])
  expect(text('runtime.js').match(/import\(.*?\)|\bfrom\s*["'].*?["']/g)).toEqual([
    'import("./inspect.js")',
    'import("./wasm-threads.js")',
    'import("./extras.js")',
    'import("./tokenizer.js")',
    'import("./care.js")',
  ])
  expect(built.imports.tokenizer).toEqual([])
  expect(built.imports.worker).toEqual([])
})

it('holds no WGSL and evaluates no text', () => {
  expect(text('runtime.js')).not.toMatch(/@compute|var<storage|\beval\(|new Function/)
})
