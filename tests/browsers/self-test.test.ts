/** Bundles with a wrong or broken kernel, in real engines: the next variant runs, and is remembered to. */
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build } from '../../compiler/index.js'
import { type Manifest, WGSL_MODULE_MARK } from '../../runtime/format.js'
import type * as Runtime from '../../runtime/index.js'
import { type Engine, type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Built, buildRuntime } from '../helpers/build-runtime.js'
import { STORIES, storiesCases } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'

/** The variant that an engine takes here, and the one that follows it. */
const ENGINES: [EngineName, best: string, next: string][] = [
  ['chromium', 'webgpu-chromium-subgroups', 'webgpu-chromium-base'],
  ['firefox', 'webgpu-gecko-shader-f16', 'webgpu-gecko-base'],
]

const SPOILT = 'kernels-spoilt.wgsl'

/** What becomes of the products of matrices. */
const FAULTS: [name: string, event: Runtime.ModelEvent['kind'], change: (module: string) => string][] = [
  ['wrong', 'disagreed', (module) => module.replaceAll('+=', '-=')],
  ['broken', 'refused', (module) => module.replace('fn main', 'fn main main')],
]

interface Visits {
  bundle: string
  prompt: number[]
  visits: number
}

/** Runs in the engine: loads one after the other, and what each read, ran and told. */
async function visit({ bundle, prompt, visits }: Visits, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const found = []
  for (let i = 0; i < visits; i++) {
    const read: string[] = []
    const events: Runtime.ModelEvent[] = []
    const source: Runtime.Source = {
      async read(name, { signal }) {
        read.push(name)
        const response = await fetch(new URL(`${bundle}/${name}`, page.url), signal ? { signal } : {})
        return new Uint8Array(await response.arrayBuffer())
      },
    }
    const onEvent = (event: Runtime.ModelEvent) => events.push(event)
    const model = await load(source, { backend: 'webgpu', tokenizer: false, onEvent })
    const ids: number[] = []
    for await (const id of model.generateIds(prompt, { maxTokens: 6, temperature: 0 })) ids.push(id)
    const { variant, reasons } = model
    model.destroy()
    found.push({ read, events, ids, variant, reasons })
  }
  return found
}

/** A copy of the bundle in which a variant's products are changed, and the manifest knows of nothing. */
function spoil(from: string, to: string, variant: string, change: (module: string) => string): void {
  cpSync(from, to, { recursive: true })
  const manifest: Manifest = JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8'))
  const { code } = manifest.variants[variant]!
  const modules = readFileSync(join(to, code), 'utf8').split(WGSL_MODULE_MARK)
  const changed = modules.map((m) => (m.startsWith('linear') ? change(m) : m))
  const text = changed.join(WGSL_MODULE_MARK)
  expect(text).not.toBe(modules.join(WGSL_MODULE_MARK))
  // Beside the other: variants share files.
  writeFileSync(join(to, SPOILT), text)
  const sha256 = createHash('sha256').update(text).digest('hex')
  manifest.files[SPOILT] = { bytes: Buffer.byteLength(text), sha256 }
  manifest.variants[variant]!.code = SPOILT
  writeFileSync(join(to, 'manifest.json'), JSON.stringify(manifest))
}

const [story] = storiesCases()
let folder: string
let built: Built
let site: Site
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-self-test-'))
  const only = ENGINES.flatMap(([, best, next]) => [best, next])
  await build({
    model: STORIES,
    targets: ['chrome', 'firefox'],
    only,
    bits: 'f32',
    out: join(folder, 'good'),
  })
  for (const [engine, best] of ENGINES)
    for (const [fault, , change] of FAULTS)
      spoil(join(folder, 'good'), join(folder, `${engine}-${fault}`), best, change)
  built = await buildRuntime()
  site = await serve({ '/dist': built.folder, '/bundles': folder })
}, 120_000)
afterAll(async () => {
  await site?.close()
  built?.remove()
  rmSync(folder, { recursive: true, force: true })
})

describe.each(ENGINES)('%s', (name, best, next) => {
  const missing = whyMissing(name)
  let engine: Engine
  beforeAll(async () => {
    if (!missing) engine = await openBrowser(name)
  })
  afterAll(() => engine?.close())

  const visits = (bundle: string, count: number) =>
    engine.run(site, visit, { bundle: `bundles/${bundle}`, prompt: story!.ids, visits: count })

  it.skipIf(missing)(
    'takes its best variant where all is well, and tests it once',
    { timeout: 90_000 },
    async () => {
      const [first, second] = await visits('good', 2)
      for (const found of [first!, second!])
        expect(found).toMatchObject({ variant: best, events: [], ids: story!.greedy.slice(0, 6) })
      expect(first!.read.some((file) => file.startsWith('selftest'))).toBe(true)
      expect(second!.read.some((file) => file.startsWith('selftest'))).toBe(false)
    },
  )

  it.skipIf(missing).each(FAULTS)(
    'takes the next where a kernel is %s',
    { timeout: 90_000 },
    async (fault, kind) => {
      const [first, second] = await visits(`${name}-${fault}`, kind === 'disagreed' ? 2 : 1)
      for (const found of [first!, second ?? first!])
        expect(found).toMatchObject({ variant: next, ids: story!.greedy.slice(0, 6) })
      expect(first!.events.filter((e) => e.kind === kind)).toMatchObject([{ variant: best }])
      expect(first!.reasons.find((r) => r.id === best)).toMatchObject({ ok: false })
      if (!second) return
      expect(second.events.filter((e) => e.kind === kind)).toEqual([])
      expect(second.reasons.find((r) => r.id === best)!.why).toMatch(/not taken again: computes wrongly here/)
      expect(second.read).not.toContain(SPOILT)
    },
  )
})
