/** Models that come and go leave nothing behind: a short version of tests/bench/memory.ts. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as Runtime from '../../runtime/index.js'
import { type Engine, type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Built, buildRuntime } from '../helpers/build-runtime.js'
import { writeBundle } from '../helpers/bundle-files.js'
import { memoryNow } from '../helpers/memory.js'
import { type Site, serve } from '../helpers/server.js'
import { tinyBundle } from '../helpers/tiny-bundle.js'

const ENGINES: EngineName[] = ['chromium', 'firefox']
const LOADS = 30
/** MiB that the page's process may grow by from the tenth load to the last; 200 loads grow it by some 30. */
const GROWTH = 60

interface Come {
  backend: 'webgpu' | 'wasm'
  loads: number
}

/** Runs in the engine: loads, and what of their devices and workers is gone afterwards. */
async function come({ backend, loads }: Come, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  let devices = 0
  let gone = 0
  const registry = new FinalizationRegistry(() => gone++)
  if (globalThis.GPUAdapter) {
    const ask = GPUAdapter.prototype.requestDevice
    GPUAdapter.prototype.requestDevice = async function (...args) {
      const device = await ask.apply(this, args)
      devices++
      registry.register(device, null)
      return device
    }
  }
  let workers = 0
  const terminate = Worker.prototype.terminate
  Worker.prototype.terminate = function () {
    workers--
    terminate.call(this)
  }
  const worker = (url: URL) => {
    workers++
    return new Worker(url, { type: 'module' }) as unknown as Runtime.WorkerLike
  }
  for (let i = 0; i < loads; i++) {
    Object.assign(globalThis, { wgcLoads: i })
    const model = await load(new URL('bundle', page.url), { backend, worker })
    for await (const _ of model.generateIds([1, 2, 3], { maxTokens: 4 }));
    model.destroy()
  }
  // Garbage, until it is collected.
  let kept: object[] = []
  for (let i = 0; i < 300 && gone < devices * 0.9; i++) {
    kept = Array.from({ length: 100_000 }, (_, k) => ({ k }))
    await new Promise((r) => setTimeout(r, 30))
  }
  return { devices, gone, workers, kept: kept.length }
}

let site: Site
let built: Built
beforeAll(async () => {
  built = await buildRuntime()
  const folder = writeBundle(await tinyBundle(), join(built.folder, 'bundle'))
  site = await serve({ '/dist': built.folder, '/bundle': folder })
})
afterAll(async () => {
  await site?.close()
  built?.remove()
})

describe.each(ENGINES)('%s', (name) => {
  const missing = whyMissing(name)
  let engine: Engine
  beforeAll(async () => {
    if (!missing) engine = await openBrowser(name)
  })
  afterAll(() => engine?.close())

  it.skipIf(missing).each(['webgpu', 'wasm'] as const)('%s', { timeout: 120_000 }, async (backend) => {
    const seen = { first: 0, last: 0 }
    const result = await engine.run(
      site,
      come,
      { backend, loads: LOADS },
      {
        async beside(driven) {
          const page = driven as { evaluate(text: string): Promise<number> }
          for (let at = -1; at < LOADS - 1; await new Promise((r) => setTimeout(r, 50))) {
            at = (await page.evaluate('globalThis.wgcLoads ?? -1').catch(() => LOADS)) as number
            const { page: now } = memoryNow()
            if (at >= 10 && !seen.first) seen.first = now
            if (at < LOADS) seen.last = now
          }
        },
      },
    )
    console.info(`${name} ${backend}: page ${seen.first.toFixed(0)} to ${seen.last.toFixed(0)} MiB`, result)
    if (backend === 'webgpu') expect(result.devices).toBe(LOADS)
    expect(result.gone).toBeGreaterThanOrEqual(result.devices * 0.9)
    expect(result.workers).toBe(0)
    expect(seen.last - seen.first).toBeLessThan(GROWTH)
  })
})
