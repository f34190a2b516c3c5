/** What a page does with a bundle beside generating: text, progress, stopping, workers, broken files. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type * as Runtime from '../../runtime/index.js'
import { type Engine, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Bundles, buildBundles, STORIES, storiesCases } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'

const story = storiesCases()[0]!
let bundles: Bundles
let site: Site
/** Without COOP and COEP, as most hosts serve. */
let plain: Site

/** A copy of the bundle whose weights were damaged on the way. */
function damage(name: string, spoil: (file: string) => void) {
  const folder = join(bundles.folder, name)
  mkdirSync(folder)
  cpSync(join(bundles.folder, 'f32'), folder, { recursive: true })
  for (const file of readdirSync(folder)) if (file.endsWith('.bin')) spoil(join(folder, file))
}

beforeAll(async () => {
  bundles = await buildBundles(STORIES, ['f32'])
  damage('flipped', (file) => {
    const bytes = readFileSync(file)
    bytes[100]! ^= 1
    writeFileSync(file, bytes)
  })
  damage('short', (file) => writeFileSync(file, readFileSync(file).subarray(0, -4)))
  damage('missing', (file) => rmSync(file))
  site = await serve({ '/': bundles.folder })
  plain = await serve({ '/': bundles.folder }, { isolated: false })
})

afterAll(async () => {
  await site?.close()
  await plain?.close()
  bundles?.remove()
})

/** The bundle's own copy of the runtime, from the folder that a web developer ships. */
async function tellStory({ prompt, tokens }: { prompt: string; tokens: number }, page: Page) {
  const { load } = await page.import<typeof Runtime>('/f32/runtime.js')
  const progress: Runtime.Progress[] = []
  const model = await load('/f32', { onProgress: (p) => progress.push(p) })
  let text = ''
  for await (const piece of model.generate(prompt, { maxTokens: tokens, temperature: 0, bos: true }))
    text += piece
  const first = model.stats
  let again = ''
  for await (const piece of model.generate(prompt, { maxTokens: tokens, temperature: 0, bos: true }))
    again += piece
  const { backend } = model
  model.destroy()
  return { text, again, stats: first, backend, progress, isolated: globalThis.crossOriginIsolated }
}

/** Text by as many workers; null: by as many as the runtime likes. */
async function onThreads({ prompt, threads }: { prompt: string; threads: number | null }, page: Page) {
  const { load } = await page.import<typeof Runtime>('/f32/runtime.js')
  // What an earlier load measured must not choose here.
  const fresh = { backend: 'wasm', record: false } as const
  const model = await load('/f32', { ...fresh, ...(threads === null ? {} : { threads }) })
  let text = ''
  for await (const piece of model.generate(prompt, { maxTokens: 60, temperature: 0, bos: true }))
    text += piece
  const { threads: count, variant, reasons } = model
  model.destroy()
  return { text, threads: count, variant, reasons }
}

/** What a page may find instead of workers: no right to start them, and no script for them. */
async function withoutWorkers({ prompt, how }: { prompt: string; how: 'refused' | 'missing' }, page: Page) {
  const { load } = await page.import<typeof Runtime>('/f32/runtime.js')
  const worker = (url: URL) => {
    if (how === 'refused') throw new DOMException('no workers here', 'SecurityError')
    return new Worker(new URL('nothing.js', url), { type: 'module' })
  }
  const model = await load('/f32', {
    ...{ backend: 'wasm', threads: 2, record: false, worker: worker as Runtime.WorkerFactory },
  })
  let text = ''
  for await (const piece of model.generate(prompt, { maxTokens: 20, temperature: 0, bos: true }))
    text += piece
  const { threads, variant, reasons } = model
  model.destroy()
  return { text, threads, why: reasons.find((r) => r.id === variant)!.why }
}

/** What was given out before the signal, and the error that the loop threw; then whether the model still works. */
async function stopEarly({ prompt }: { prompt: string }, page: Page) {
  const { load } = await page.import<typeof Runtime>('/f32/runtime.js')
  const model = await load('/f32')
  const controller = new AbortController()
  const ids: number[] = []
  let error: unknown
  try {
    for await (const id of model.generateIds(prompt, { temperature: 0, signal: controller.signal })) {
      ids.push(id)
      if (ids.length === 3) controller.abort()
    }
  } catch (e) {
    error = e
  }
  const after: number[] = []
  for await (const id of model.generateIds(prompt, { temperature: 0 })) {
    if (after.push(id) === 5) break
  }
  const last: number[] = []
  for await (const id of model.generateIds(prompt, { temperature: 0, maxTokens: 2 })) last.push(id)
  model.destroy()
  return { ids, error: (error as Error)?.name, after, last }
}

async function loadBroken({ bundle }: { bundle: string }, page: Page) {
  const { load } = await page.import<typeof Runtime>('/f32/runtime.js')
  try {
    await load(`/${bundle}`)
    return { name: 'none', message: '' }
  } catch (e) {
    return { name: (e as Error).name, message: (e as Error).message }
  }
}

/** The same seed draws the same text; another draws another. */
async function drawTwice({ prompt }: { prompt: string }, page: Page) {
  const { load } = await page.import<typeof Runtime>('/f32/runtime.js')
  const model = await load('/f32')
  const texts: string[] = []
  for (const seed of [1, 1, 2]) {
    let text = ''
    for await (const piece of model.generate(prompt, { maxTokens: 30, seed, bos: true })) text += piece
    texts.push(text)
  }
  model.destroy()
  return texts
}

async function inWorker({ ids, backend }: { ids: number[]; backend: 'webgpu' | 'wasm' }, page: Page) {
  const source = `
    import { load } from '${page.url}f32/runtime.js'
    try {
      const model = await load('${page.url}f32/', { backend: '${backend}', tokenizer: false })
      const out = []
      for await (const id of model.generateIds([${ids}], { maxTokens: 10, temperature: 0 })) out.push(id)
      postMessage({ out })
    } catch (e) {
      postMessage({ error: e.stack ?? String(e) })
    }`
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  const worker = new Worker(address, { type: 'module' })
  const { out, error } = await new Promise<{ out?: number[]; error?: string }>((done) => {
    worker.onmessage = ({ data }) => done(data)
    worker.onerror = (e) => done({ error: e.message })
  })
  worker.terminate()
  if (error) throw new Error(error)
  return out
}

describe.each(['chromium', 'firefox', 'webkit'] as const)('%s', (name) => {
  const missing = whyMissing(name)
  let engine: Engine | undefined

  beforeAll(async () => {
    if (!missing) engine = await openBrowser(name)
  })
  afterAll(() => engine?.close())

  test.skipIf(missing)('text from text, with progress and figures', async () => {
    const found = await engine!.run(site, tellStory, { prompt: story.prompt, tokens: 100 })
    expect(found.text).toBe(story.text)
    expect(found.again).toBe(story.text)
    expect(found.stats).toMatchObject({ reason: 'length', tokens: 100, promptTokens: story.ids.length })
    const { progress } = found
    expect(progress.at(-1)).toEqual({ phase: 'ready', loaded: 1, total: 1 })
    for (const phase of ['download', 'compile'] as const) {
      const steps = progress.filter((p) => p.phase === phase)
      expect(steps.map((p) => p.loaded)).toEqual(steps.map((p) => p.loaded).sort((a, b) => a - b))
      expect(steps.at(-1)!.loaded).toBe(steps.at(-1)!.total)
    }
  })

  test.skipIf(missing)('text without cross-origin isolation', async () => {
    const found = await engine!.run(plain, tellStory, { prompt: story.prompt, tokens: 20 })
    expect(found.isolated).toBe(false)
    expect(story.text.startsWith(found.text)).toBe(true)
  })

  const shares = name !== 'webkit'
  test.skipIf(missing).each([null, 1, 2, 3, 0])('text by %s threads', async (threads) => {
    const found = await engine!.run(site, onThreads, { prompt: story.prompt, threads })
    expect(story.text.startsWith(found.text)).toBe(true)
    expect(found.text.length).toBeGreaterThan(100)
    if (!shares) expect(found.threads).toBe(0)
    else if (threads === null) expect(found.threads).toBeGreaterThan(0)
    else expect(found.threads).toBe(threads)
    expect(found.variant.endsWith('-threads')).toBe(found.threads > 0)
  })

  test.skipIf(missing)('no threads without cross-origin isolation', async () => {
    const found = await engine!.run(plain, onThreads, { prompt: story.prompt, threads: 2 })
    expect(found).toMatchObject({ threads: 0 })
    expect(story.text.startsWith(found.text)).toBe(true)
    const refused = found.reasons.filter((r) => r.id.endsWith('-threads'))
    expect(refused.length).toBeGreaterThan(0)
    for (const { why } of refused) expect(why).toMatch(/threads/)
  })

  test.skipIf(missing || !shares).each(['refused', 'missing'] as const)(
    'the same text where workers are %s',
    async (how) => {
      const found = await engine!.run(site, withoutWorkers, { prompt: story.prompt, how })
      expect(found.threads).toBe(0)
      expect(found.why).toMatch(how === 'refused' ? /no workers here/ : /taken, without its workers: ./)
      expect(story.text.startsWith(found.text)).toBe(true)
    },
  )

  test.skipIf(missing)('a signal and a break end a generation, and the model stays usable', async () => {
    const found = await engine!.run(site, stopEarly, { prompt: story.prompt })
    expect(found).toEqual({
      ids: found.after.slice(0, 3),
      error: 'AbortError',
      after: found.after,
      last: found.after.slice(0, 2),
    })
    expect(found.after).toHaveLength(5)
  })

  test.skipIf(missing)('a seed decides what is drawn', async () => {
    const [first, again, other] = await engine!.run(site, drawTwice, { prompt: story.prompt })
    expect(again).toBe(first)
    expect(other).not.toBe(first)
  })

  test.skipIf(missing).each([
    ['flipped', 'IntegrityError'],
    ['short', 'IntegrityError'],
    ['missing', 'FetchError'],
  ])('a bundle with %s weights is refused: %s', async (bundle, error) => {
    const found = await engine!.run(site, loadBroken, { bundle })
    expect(found.name).toBe(error)
    expect(found.message).toMatch(/\.bin/)
  })

  const backends = name === 'webkit' ? (['wasm'] as const) : (['webgpu', 'wasm'] as const)
  test.skipIf(missing).each(backends)('%s in a worker', async (backend) => {
    const out = await engine!.run(site, inWorker, { ids: story.ids, backend })
    expect(out).toEqual(story.greedy.slice(0, 10))
  })
})
