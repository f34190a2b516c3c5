/** In real engines: what was measured lasts from one load to the next; Chromium's pressure slows a generation. */
import { join } from 'node:path'
import type { CDPSession, Page as Driven } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as Runtime from '../../runtime/index.js'
import { type Engine, type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Built, buildRuntime } from '../helpers/build-runtime.js'
import { writeBundle } from '../helpers/bundle-files.js'
import { type Site, serve } from '../helpers/server.js'
import { tinyBundle } from '../helpers/tiny-bundle.js'

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

/** Runs in the engine: two loads, and what each knows of the steps in the end. */
async function twice(_: unknown, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const counts: number[] = []
  for (let i = 0; i < 2; i++) {
    const model = await load(new URL('bundle', page.url), { backend: 'wasm', threads: 0 })
    for await (const _ of model.generateIds([1, 2, 3], { maxTokens: 30, temperature: 0 }));
    counts.push((await model.timings())[model.variant]!.decode!.count)
    model.destroy()
  }
  return counts
}

/** What script and driver tell each other. */
type Stage = { wgcStage?: string }

/** Runs in the engine: generates under each pressure that the driver makes. */
async function underPressure(_: unknown, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const stage = globalThis as Stage
  const until = async (ok: () => boolean) => {
    while (!ok()) await new Promise((r) => setTimeout(r, 20))
  }
  await until(() => stage.wgcStage === 'watched')
  const paces: (number | undefined)[] = []
  const model = await load(new URL('bundle', page.url), {
    ...{ backend: 'wasm', threads: 0 },
    power: { pressure: { at: 'serious', tokensPerSecond: 20 } },
    onEvent: (e) => e.kind === 'paced' && paces.push(e.tokensPerSecond),
  })
  const took = async () => {
    const start = performance.now()
    for await (const _ of model.generateIds([1, 2, 3], { maxTokens: 9, temperature: 0 }));
    return performance.now() - start
  }
  stage.wgcStage = 'loaded'
  await until(() => paces.length === 1)
  const slow = await took()
  const { pressure } = model.power
  stage.wgcStage = 'slowed'
  await until(() => paces.length === 2)
  const fast = await took()
  model.destroy()
  return { slow, fast, pressure, paces: paces.map((p) => p ?? 0) }
}

async function press(page: unknown): Promise<void> {
  const driven = page as Driven
  const cdp: CDPSession = await driven.context().newCDPSession(driven)
  const send = (method: string, more: object) =>
    (cdp.send as (method: string, params: object) => Promise<unknown>)(method, { source: 'cpu', ...more })
  const reached = (name: string) =>
    driven.waitForFunction((name) => (globalThis as Stage).wgcStage === name, name)
  await send('Emulation.setPressureSourceOverrideEnabled', { enabled: true, metadata: { available: true } })
  await driven.evaluate(() => {
    ;(globalThis as Stage).wgcStage = 'watched'
  })
  await reached('loaded')
  await send('Emulation.setPressureStateOverride', { state: 'critical' })
  await reached('slowed')
  await send('Emulation.setPressureStateOverride', { state: 'nominal' })
}

for (const name of ['chromium', 'firefox', 'webkit'] as EngineName[]) {
  describe.skipIf(whyMissing(name))(name, () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await openBrowser(name)
    })
    afterAll(() => engine?.close())

    it('remembers what was measured', async () => {
      const [first, second] = (await engine.run(site, twice, {})) as [number, number]
      expect(first).toBeGreaterThan(20)
      expect(second).toBeGreaterThan(first + 20)
    })

    it.runIf(name === 'chromium')('slows down under pressure, and not after', async () => {
      const { slow, fast, pressure, paces } = await engine.run(site, underPressure, {}, { beside: press })
      expect(pressure).toBe('critical')
      expect(paces).toEqual([20, 0])
      expect(slow).toBeGreaterThan(8 * 50 - 60)
      expect(fast).toBeLessThan(slow / 2)
    })
  })
}
