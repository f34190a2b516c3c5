/** Lost devices, frozen pages and networks that fail, in real engines: the tokens are those of a quiet run. */
import { join } from 'node:path'
import type { Page as Driven } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as Runtime from '../../runtime/index.js'
import { type Engine, type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Built, buildRuntime } from '../helpers/build-runtime.js'
import { writeBundle } from '../helpers/bundle-files.js'
import { type Fault, type Faulty, faulty } from '../helpers/faults.js'
import { type Bundles, buildBundles, STORIES } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'
import { continuation, tinyBundle } from '../helpers/tiny-bundle.js'

const ENGINES: EngineName[] = ['chromium', 'firefox']
const PROMPT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

const lose = (call: string, after: number, device = 0): Fault => ({ call, after, device, what: 'lose' })

/** What happens when, and how many devices it takes. The toy's prompt is three steps, each a submit. */
const CASES: [string, Fault[], devices: number][] = [
  ['a quiet run', [], 1],
  ['a device lost as it is made', [lose('requestDevice', 0)], 2],
  ['… among its buffers', [lose('createBuffer', 2)], 2],
  ['… among its pipelines', [lose('createComputePipelineAsync', 3)], 2],
  ['… in the upload', [lose('writeBuffer', 1)], 2],
  ['… in the prompt', [lose('createCommandEncoder', 1)], 2],
  ['… at a token', [lose('createCommandEncoder', 6)], 2],
  ['… in run()', [lose('createCommandEncoder', 20)], 2],
  ['… twice in a row', [lose('createCommandEncoder', 6), lose('createCommandEncoder', 5, 1)], 3],
  ['… and again in the upload', [lose('createCommandEncoder', 6), lose('writeBuffer', 1, 1)], 3],
]

interface Args {
  faulty: string
  faults: Fault[]
  /** Lose it between the calls. */
  idle?: boolean
}

/** Runs in the engine: text, a run, more text. */
async function live({ faulty, faults, idle = false }: Args, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  // biome-ignore lint/security/noGlobalEval: the helper's own text.
  const make = globalThis.eval(`(${faulty})`) as (gpu: GPU, faults: readonly Fault[]) => Faulty
  const { gpu, devices } = make(navigator.gpu, faults)
  const events: string[] = []
  const unhandled: string[] = []
  addEventListener('unhandledrejection', (e) => unhandled.push(String(e.reason)))
  const model = await load(new URL('bundle', page.url), {
    // A step is a submit, whatever the clock says.
    ...{ gpu, backend: 'webgpu', partMs: false, onEvent: (e) => events.push(e.kind) },
  })
  const ids: number[] = []
  const options = { temperature: 0, maxTokens: 12 }
  for await (const id of model.generateIds([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], options)) ids.push(id)
  if (idle) {
    devices[0]!.destroy()
    await model.lost
  }
  for await (const id of model.generateIds([3], { ...options, continue: true })) ids.push(id)
  const { logits } = await model.run({ input_ids: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] })
  const last = Array.from(logits!.data.slice(-17))
  const { variant } = model
  model.destroy()
  await new Promise((r) => setTimeout(r, 50))
  return { ids, next: last.indexOf(Math.max(...last)), events, devices: devices.length, variant, unhandled }
}

interface Writing {
  bundle: string
  tokens: number
}

/** Runs in the engine: a sampled text, and what happened on the way. */
async function write({ bundle, tokens }: Writing, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const events: Runtime.ModelEvent[] = []
  const options = { backend: 'webgpu', onEvent: (e: Runtime.ModelEvent) => events.push(e) } as const
  const model = await load(new URL(bundle, page.url), options)
  const ids: number[] = []
  Object.assign(globalThis, { wgcIds: ids })
  for await (const id of model.generateIds([1, 403, 407], { seed: 7, maxTokens: tokens })) ids.push(id)
  model.destroy()
  return { ids, events }
}

let site: Site
let built: Built
let bundles: Bundles
beforeAll(async () => {
  built = await buildRuntime()
  bundles = await buildBundles(STORIES, ['f32'])
  const folder = writeBundle(await tinyBundle(), join(built.folder, 'bundle'))
  site = await serve({ '/dist': built.folder, '/bundle': folder, '/bundles': bundles.folder })
})
afterAll(async () => {
  await site?.close()
  bundles?.remove()
  built?.remove()
})

const expected = (() => {
  const first = continuation(PROMPT, 12)
  return [...first, ...continuation([...PROMPT, ...first, 3], 12)]
})()

/** Resolves when the page has that many ids. */
const written = (page: Driven, count: number) =>
  page.waitForFunction((n) => ((globalThis as { wgcIds?: number[] }).wgcIds?.length ?? 0) >= n, count)

describe.each(ENGINES)('%s', (name) => {
  const missing = whyMissing(name)
  let engine: Engine
  beforeAll(async () => {
    if (!missing) engine = await openBrowser(name)
  })
  afterAll(() => engine?.close())

  const args = { faulty: String(faulty) }

  it.skipIf(missing).each(CASES)('%s', { timeout: 60_000 }, async (_, faults, devices) => {
    const result = await engine.run(site, live, { ...args, faults })
    expect(result).toMatchObject({ ids: expected, next: continuation(PROMPT, 1)[0], variant: 'gpu', devices })
    expect(result.unhandled).toEqual([])
    expect(result.events.filter((e) => e === 'lost').length).toBe(devices - 1)
  })

  it.skipIf(missing)('… while idle', { timeout: 60_000 }, async () => {
    const result = await engine.run(site, live, { ...args, faults: [], idle: true })
    expect(result).toMatchObject({ ids: expected, events: ['lost', 'recovered'], devices: 2, unhandled: [] })
  })

  const TOKENS = 16
  let quiet: number[] = []
  const writes = (beside?: (page: unknown) => Promise<void>) =>
    engine.run(site, write, { bundle: 'bundles/f32/', tokens: TOKENS }, beside ? { beside } : {})

  it.skipIf(missing)('samples a text', { timeout: 120_000 }, async () => {
    quiet = (await writes()).ids
    expect(quiet.length).toBe(TOKENS)
  })

  it.skipIf(missing || name !== 'chromium')('… when the GPU process dies', { timeout: 120_000 }, async () => {
    const { ids, events } = await writes(async (driven) => {
      const page = driven as Driven
      await written(page, 8)
      const browser = await page.context().browser()!.newBrowserCDPSession()
      // It is gone before it could answer.
      browser.send('Browser.crashGpuProcess').catch(() => {})
    })
    console.info(JSON.stringify(events))
    expect(events.map((e) => e.kind)).toEqual(['lost', 'recovered'])
    expect(ids).toEqual(quiet)
  })

  it.skipIf(missing || name !== 'chromium')(
    '… when its tab is frozen, and hidden',
    { timeout: 120_000 },
    async () => {
      const { ids, events } = await writes(async (driven) => {
        const page = driven as Driven
        await written(page, 4)
        const session = await page.context().newCDPSession(page)
        await session.send('Page.setWebLifecycleState', { state: 'frozen' })
        await new Promise((r) => setTimeout(r, 1500))
        await session.send('Page.setWebLifecycleState', { state: 'active' })
        const other = await page.context().newPage()
        await other.bringToFront()
        await new Promise((r) => setTimeout(r, 1500))
        await other.close()
      })
      expect(events).toEqual([])
      expect(ids).toEqual(quiet)
    },
  )
})
