/** `build` as its callers see it: the same bytes every time, a manifest as its schema says, nothing left behind. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { beyondBudget } from '../../compiler/build/fits.js'
import type { CompiledVariant } from '../../compiler/build/variants.js'
import { build } from '../../compiler/index.js'
import type { BuildOptions } from '../../compiler/options.js'
import { type Engine, engineNamed } from '../../compiler/targets.js'
import type { Plan } from '../../runtime/format.js'
import { load } from '../../runtime/index.js'
import { STORIES, storiesCases } from '../helpers/models.js'

// (module (memory i64 1))
const MEMORY64 = WebAssembly.validate(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 4, 1))

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-build-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const make = (out: string, options: Partial<BuildOptions> = {}) =>
  build({ model: STORIES, out: join(folder, out), bits: 'f32', cache: join(folder, 'cache'), ...options })

const contents = (out: string) =>
  Object.fromEntries(
    readdirSync(join(folder, out))
      .sort()
      .map((f) => [f, readFileSync(join(folder, out, f)).toString('base64')]),
  )

const source = (out: string) => ({
  read: async (f: string) => new Uint8Array(readFileSync(join(folder, out, f))),
})

async function greedy(out: string, tokens: number): Promise<number[]> {
  const model = await load(source(out), { backend: 'wasm', tokenizer: false })
  const ids: number[] = []
  for await (const id of model.generateIds(storiesCases()[0]!.ids, { maxTokens: tokens, temperature: 0 }))
    ids.push(id)
  model.destroy()
  return ids
}

describe('a bundle', () => {
  test('is the same byte for byte, with and without the cache', async () => {
    await make('first')
    await make('second')
    await make('third', { cache: false })
    expect(contents('second')).toEqual(contents('first'))
    expect(contents('third')).toEqual(contents('first'))
  })

  test('has a manifest as the schema says, and files as the manifest says', async () => {
    const { manifest, bytes } = await make('first')
    const schema = JSON.parse(readFileSync('generated/manifest.schema.json', 'utf8'))
    const validate = new Ajv({ strict: false }).compile(schema)
    expect(validate(manifest), JSON.stringify(validate.errors)).toBe(true)
    const files = readdirSync(join(folder, 'first')).filter((f) => f !== 'manifest.json')
    expect(files.sort()).toEqual(Object.keys(manifest.files).sort())
    expect(bytes).toBe(Object.values(manifest.files).reduce((sum, f) => sum + f.bytes, 0))
  })

  test('needs no more than every device has', async () => {
    const { manifest } = await make('first')
    for (const v of Object.values(manifest.variants)) {
      expect(v.limits).toEqual({})
      // As the engine's file says.
      const { everyMs, dispatchesPerSubmit } = v.engine ? engineNamed(v.engine).wait : ({} as Engine['wait'])
      expect([v.wait?.everyMs, v.wait?.dispatches]).toEqual([everyMs, dispatchesPerSubmit])
      const plan = JSON.parse(readFileSync(join(folder, 'first', v.plan), 'utf8')) as Plan
      for (const d of Object.values(plan.programs).flatMap((p) => p.dispatches))
        expect(d.bind.length).toBeLessThanOrEqual(9)
    }
  })

  test('gives the same tokens with operators fused and left alone', async () => {
    await make('fused', { targets: ['safari'] })
    await make('apart', { targets: ['safari'], fuse: false })
    const tokens = await greedy('fused', 100)
    expect(tokens).toEqual(storiesCases()[0]!.greedy)
    expect(await greedy('apart', 100)).toEqual(tokens)
  })

  test('replaces a bundle, and nothing else', async () => {
    await make('again', { bits: 8, targets: ['safari'] })
    await make('again', { bits: 'f16', targets: ['safari'] })
    expect(JSON.parse(readFileSync(join(folder, 'again', 'manifest.json'), 'utf8')).model.weights).toBe('f16')
    await expect(build({ model: STORIES, out: 'tests' })).rejects.toMatchObject({ code: 'WGC611' })
    expect(existsSync('tests/unit')).toBe(true)
    const app = join(folder, 'web-app')
    mkdirSync(app)
    writeFileSync(join(app, 'manifest.json'), '{"name":"an app","icons":[]}')
    await expect(build({ model: STORIES, out: app })).rejects.toMatchObject({ code: 'WGC611' })
    expect(readdirSync(app)).toEqual(['manifest.json'])
  })
})

describe('what is refused or stopped', () => {
  test('an abort leaves nothing behind', async () => {
    const controller = new AbortController()
    const aborted = make('aborted', {
      signal: controller.signal,
      onProgress: ({ stage }) => stage === 'weights' && controller.abort(),
    })
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
    expect(readdirSync(folder).filter((f) => f.includes('aborted'))).toEqual([])
  })

  test('a context beyond the model', async () => {
    await expect(make('long', { context: 100_000 })).rejects.toMatchObject({ code: 'WGC424' })
  })

  test('an unknown pass to dump', async () => {
    await expect(make('dump', { dump: 'fuse' })).rejects.toMatchObject({ code: 'WGC403' })
  })

  test('a memory that is too small leaves variants out, aloud, and longer addresses take their place', async () => {
    const { notes, manifest } = await build({
      model: 'llama-3-8b',
      out: join(folder, 'large'),
      targets: ['chrome'],
      bits: 4,
    })
    expect(notes.join()).toMatch(/no wasm-simd128: it would take [\d.]+ GB, a wasm memory holds 4 GiB/)
    // What 4 GiB are too few for takes a memory with longer addresses, and nothing else does.
    const wasm = Object.values(manifest.variants).filter((v) => v.backend === 'wasm')
    expect(wasm.map((v) => v.features)).toEqual([
      ['simd128', 'relaxed-simd', 'threads', 'memory64'],
      ['simd128', 'threads', 'memory64'],
      ['simd128', 'relaxed-simd', 'memory64'],
      ['simd128', 'memory64'],
    ])
    for (const { memory } of wasm) expect(memory).toBeGreaterThan(2 ** 32)
    expect(manifest.targets.chrome).toContain('wasm-simd128-memory64')
    const code = readFileSync(join(folder, 'large', wasm.at(-1)!.code))
    expect(WebAssembly.validate(new Uint8Array(code))).toBe(MEMORY64)
    expect(Object.keys((await make('first')).manifest.variants).join()).not.toContain('memory64')
  })
})

test('a browser that ends large pages is told of', () => {
  const plan = (bytes: number) => ({ buffers: [{ kind: 'weights', bytes }], programs: {} })
  const variant = (id: string, bytes: number, ...smaller: number[]) =>
    ({
      ...{ spec: { id }, plan: plan(bytes), smaller: smaller.map((n) => ({ plan: plan(n) })) },
    }) as unknown as CompiledVariant
  const variants = [variant('a', 3e9), variant('b', 1e9)]
  const notes = (budget?: number, ids = ['a', 'b']) =>
    beyondBudget(variants, { phone: ids }, [{ name: 'phone', memoryBudget: budget }])
  expect(notes(2e9)).toEqual([expect.stringMatching(/^phone ends pages .* a takes up to 3\.00 GB/)])
  expect(notes(2e9, ['a'])[0]).toContain('every variant takes')
  expect([...notes(4e9), ...notes(), ...notes(2e9, ['b'])]).toEqual([])
  // What is loaded smaller is not.
  variants.push(variant('c', 3e9, 2.5e9, 1e9))
  expect(notes(2e9, ['c'])).toEqual([])
})

test('--explain and --dump show graph, choices and arena', async () => {
  const result = await make('explained', { targets: ['chrome'], dump: 'fuse-glu' })
  const text = result.explain()
  for (const part of [
    'prefill (seq ≤ 256',
    'EPI=glu',
    '# webgpu-chromium-subgroups',
    '## decode: 45 dispatches',
    'arena',
  ]) {
    expect(text).toContain(part)
  }
  expect(result.dumps.length).toBe(3)
  expect(result.dumps[0]).toContain('linear(')
})
