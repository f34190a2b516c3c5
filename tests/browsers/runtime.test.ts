/** The built runtime in every engine, on a toy bundle: loading by URL, both backends, what engines differ in. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as Runtime from '../../runtime/index.js'
import { ENGINES, type Engine, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Built, buildRuntime } from '../helpers/build-runtime.js'
import { writeBundle } from '../helpers/bundle-files.js'
import { type Site, serve } from '../helpers/server.js'
import { continuation, logitsAt, tinyBundle } from '../helpers/tiny-bundle.js'

const PROMPT = [1, 2, 3, 4, 5]
const SHAPES = { chromium: 'chromium', firefox: 'gecko', webkit: 'webkit', node: 'chromium', deno: 'gecko' }

/** Runs in the engine. */
async function play({ backend }: { backend: 'webgpu' | 'wasm' }, page: Page) {
  const { load, detect } = await page.import<typeof Runtime>('/dist/runtime.js')
  const capabilities = await detect()
  if (backend === 'webgpu' && !capabilities.webgpu.available) return { capabilities }
  const model = await load(new URL('bundle', page.url), { backend })
  const ids: number[] = []
  let start = 0
  for await (const id of model.generateIds([1, 2, 3, 4, 5], { temperature: 0, maxTokens: 30 })) {
    // The first steps warm up.
    if (ids.push(id) === 10) start = performance.now()
  }
  const perToken = (performance.now() - start) / 20
  const controller = new AbortController()
  let aborted = ''
  try {
    for await (const _ of model.generateIds([1], { maxTokens: 30, signal: controller.signal }))
      controller.abort()
  } catch (e) {
    aborted = (e as Error).name
  }
  const { logits } = await model.run({ input_ids: [1, 2, 3, 4, 5] })
  const last = Array.from(logits!.data.slice(-17), (v) => v + 0)
  const { variant, stats } = model
  model.destroy()
  return { capabilities, variant, ids, aborted, last, stats, perToken }
}

/** Runs in the engine: how a damaged shard, a malformed manifest and a missing bundle end. */
async function fail(_: null, page: Page) {
  const { load, ...errors } = await page.import<typeof Runtime>('/dist/runtime.js')
  const names: string[] = []
  for (const folder of ['damaged/', 'malformed/', 'nowhere/']) {
    await load(new URL(folder, page.url), { backend: 'wasm' }).catch((e) =>
      names.push(e instanceof errors[e.name as 'IntegrityError'] ? e.name : `another ${e.name}`),
    )
  }
  return names
}

let site: Site
let built: Built
beforeAll(async () => {
  built = await buildRuntime()
  const { manifest, files } = await tinyBundle()
  const write = (name: string, bundle: Parameters<typeof writeBundle>[0]) =>
    writeBundle(bundle, join(built.folder, name))
  const weights = 'weights-0.bin'
  site = await serve({
    '/dist': built.folder,
    '/bundle': write('bundle', { manifest, files }),
    '/damaged': write('damaged', {
      manifest,
      files: new Map([...files, [weights, files.get(weights)!.map((b) => b ^ 1)]]),
    }),
    '/malformed': write('malformed', { manifest: { ...manifest, format: 2 as never }, files }),
  })
})
afterAll(async () => {
  await site.close()
  built.remove()
})

describe.each(ENGINES)('%s', (name) => {
  const missing = whyMissing(name)
  let engine: Engine
  beforeAll(async () => {
    if (!missing) engine = await openBrowser(name)
  })
  afterAll(() => engine?.close())

  it.skipIf(missing).each(['webgpu', 'wasm'] as const)('runs the toy on %s', async (backend) => {
    const result = await engine.run(site, play, { backend })
    const { capabilities } = result
    expect(capabilities.engine).toBe(SHAPES[name])
    expect(capabilities.wasm.simd128).toBe(true)
    if (!('ids' in result)) {
      console.warn(`${name} has no WebGPU here: ${capabilities.webgpu.reason}`)
      expect(name).toBe('webkit')
      return
    }
    expect(result.variant).toBe(backend === 'webgpu' ? 'gpu' : 'cpu')
    expect(result.ids).toEqual(continuation(PROMPT, 30))
    expect(result.last).toEqual(logitsAt(PROMPT, 4))
    expect(result.aborted).toBe('AbortError')
    // An engine that looks at maps every 100 ms must not be left to it.
    expect(result.perToken).toBeLessThan(25)
    console.info(`${name} ${backend}: ${result.perToken?.toFixed(2)} ms a token`)
  })

  it.skipIf(missing)('tells damage and absence apart', async () => {
    expect(await engine.run(site, fail, null)).toEqual(['IntegrityError', 'IntegrityError', 'FetchError'])
  })
})
