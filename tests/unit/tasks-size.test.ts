/** The tasks' files: their size, what they import, and that a page gets only what it uses. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { type OutputChunk, rollup } from 'rollup'
import { afterAll, beforeAll, expect, it, test } from 'vitest'
import { type Built, buildRuntime } from '../helpers/build-runtime.js'

let built: Built
beforeAll(async () => {
  built = await buildRuntime()
})
afterAll(() => built.remove())

const text = (file: string) => readFileSync(join(built.folder, file), 'utf8')
const size = (code: string) => brotliCompressSync(code).length

it.each([
  ['tasks.js', 16_000],
  ['chat-template.js', 15_000],
])('%s is at most %d bytes', (file, most) => expect(size(text(file))).toBeLessThanOrEqual(most))

it('imports Jinja for chats alone, and nothing else', () => {
  expect(text('tasks.js').match(/import\(.*?\)|\bfrom\s*["'].*?["']/g)).toEqual([
    'import("./chat-template.js")',
  ])
  expect(text('chat-template.js').match(/import\(.*?\)|\bfrom\s*["']\.?[\w./@-]+["']/g)).toBe(null)
})

it('evaluates no text', () => {
  for (const file of ['tasks.js', 'chat-template.js']) expect(text(file)).not.toMatch(/\beval\(|new Function/)
})

test.each([
  ['pool', 1_000],
  ['greedyCtc', 1_000],
  ['detections', 1_500],
  ['resampleAudio', 1_200],
  ['preprocessImages', 5_000],
  ['embed', 7_000],
])('a page that uses %s gets at most %d bytes', async (name, most) => {
  const bundle = await rollup({
    input: 'page',
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === 'page' ? id : id === 'tasks' ? join(built.folder, 'tasks.js') : null),
        load: (id) => (id === 'page' ? `export { ${name} } from 'tasks'` : null),
      },
    ],
    external: /chat-template/,
  })
  const { output } = await bundle.generate({ format: 'es' })
  expect(size((output[0] as OutputChunk).code)).toBeLessThanOrEqual(most)
})
