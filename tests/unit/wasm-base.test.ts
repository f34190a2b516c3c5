/** The variant for engines without SIMD: when it is taken, and that it says what the others say. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { build } from '../../compiler/index.js'
import type { LoadOptions } from '../../runtime/index.js'
import { load } from '../../runtime/index.js'
import { STORIES, storiesCases } from '../helpers/models.js'

const bits = ['f32', 4] as const
const [story] = storiesCases()
let folder = ''
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-base-'))
  const targets = ['safari-ios-15', 'safari']
  for (const b of bits) await build({ model: STORIES, out: join(folder, String(b)), bits: b, targets })
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

const SIMD_PREFIX = 0xfd

/** This engine as one that knows no SIMD: every module of detection that uses it is refused. */
function withoutSimd(): void {
  const real = WebAssembly.validate
  vi.spyOn(WebAssembly, 'validate').mockImplementation(
    (bytes) => !new Uint8Array(bytes as ArrayBuffer).includes(SIMD_PREFIX) && real(bytes),
  )
}

async function generate(name: string, options: LoadOptions = {}) {
  const read = async (file: string) => new Uint8Array(readFileSync(join(folder, name, file)))
  const model = await load({ read }, { gpu: null, tokenizer: false, ...options })
  const ids: number[] = []
  for await (const id of model.generateIds(story!.ids, { maxTokens: 100, temperature: 0 })) ids.push(id)
  model.destroy()
  return { ids, variant: model.variant }
}

describe.each(bits.map(String))('%s', (name) => {
  test('SIMD comes first where it is, whatever the order of the targets', async () => {
    expect((await generate(name)).variant).not.toBe('wasm-base')
  })

  test('without SIMD the same tokens', async () => {
    const { ids } = await generate(name, { variant: 'wasm-simd128' })
    withoutSimd()
    expect(await generate(name)).toEqual({ ids, variant: 'wasm-base' })
    if (name === 'f32') expect(ids).toEqual(story!.greedy)
  })

  // V8 has no SIMD on an x86 that is too old for it.
  test.skipIf(process.arch !== 'x64')('in an engine that has none', async () => {
    const script = join(folder, 'run.mjs')
    writeFileSync(
      script,
      `import { readFileSync } from 'node:fs'
      import { load } from ${JSON.stringify(pathToFileURL('dist/runtime.js').href)}
      const [folder, prompt] = process.argv.slice(2)
      const read = async (file) => new Uint8Array(readFileSync(folder + '/' + file))
      const model = await load({ read }, { tokenizer: false })
      const ids = []
      for await (const id of model.generateIds(JSON.parse(prompt), { maxTokens: 100, temperature: 0 })) ids.push(id)
      console.log(JSON.stringify({ ids, variant: model.variant }))`,
    )
    const args = ['--no-enable-sse4-1', script, join(folder, name), JSON.stringify(story!.ids)]
    const found = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    expect(found).toEqual(await generate(name, { variant: 'wasm-base' }))
  })
})
