/**
 * Every engine picks and runs; then something is taken away from it, by its own flags and preferences where it has some,
 * else in the page before the runtime is loaded: the next variant runs, and gives the same tokens.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../compiler/index.js'
import type * as Runtime from '../../runtime/index.js'
import { type EngineName, type How, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { freshDist } from '../helpers/cli.js'
import { distFolder, STORIES, storiesCases } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'
import { continuation, tinyBundle } from '../helpers/tiny-bundle.js'

interface Job {
  bundle: 'stories' | 'toy'
  /** The whole report, which takes a second or two. */
  full: boolean
  options: Runtime.LoadOptions
  /** Taken away in the page: a feature of adapters, a limit's value, or what a name of PATCHES says. */
  patches: { features?: string[]; limits?: Record<string, number>; simd?: false; shared?: false; gpu?: false }
  prompt: number[]
}

/** Runs in the engine. */
async function play({ bundle, full, options, patches, prompt }: Job, page: Page) {
  const scope = globalThis as unknown as Record<string, { prototype: object }>
  /** Of every object of a platform's class: what its attribute gives. */
  const wrap = (type: string, name: string, give: (own: unknown) => unknown) => {
    const { prototype } = scope[type]!
    const { get } = Object.getOwnPropertyDescriptor(prototype, name)!
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get() {
        return give(get!.call(this))
      },
    })
  }
  if (patches.features)
    wrap(
      'GPUAdapter',
      'features',
      (own) => new Set([...(own as Set<string>)].filter((f) => !patches.features!.includes(f))),
    )
  for (const [limit, value] of Object.entries(patches.limits ?? {}))
    wrap('GPUSupportedLimits', limit, () => value)
  if (patches.gpu === false) Object.defineProperty(navigator, 'gpu', { value: undefined })
  if (patches.simd === false) {
    const validate = WebAssembly.validate
    WebAssembly.validate = (bytes) => !new Uint8Array(bytes as ArrayBuffer).includes(0xfd) && validate(bytes)
  }
  if (patches.shared === false) Object.defineProperty(globalThis, 'SharedArrayBuffer', { value: undefined })
  const { load, detect } = await page.import<typeof Runtime>('/dist/runtime.js')
  const report = full ? await detect({ full }) : undefined
  const model = await load(new URL(`bundles/${bundle}/`, page.url), { ...options, tokenizer: false })
  const ids: number[] = []
  for await (const id of model.generateIds(prompt, { maxTokens: 16, temperature: 0 })) ids.push(id)
  const { variant, threads } = model
  model.destroy()
  return { report, variant, threads, ids }
}

interface Row {
  without: string
  /** In the engine: rows of one process stand together. */
  how?: How
  patches?: Job['patches']
  options?: Runtime.LoadOptions
  isolated?: false
  expected: string | RegExp
  /** What the report says of it. */
  report?: object
}

const RELAXED = 'wasm-simd128-relaxed-simd'
/** Node 20 takes relaxed SIMD under a flag, and computes its dot products wrongly. */
const NODE = Number.parseInt(process.versions.node, 10) < 22 ? 'wasm-simd128' : RELAXED
const GPU = { options: { backend: 'webgpu' } } as const

const ROWS: Record<EngineName, Row[]> = {
  chromium: [
    {
      without: 'a GPU alone: it computes on the processor',
      expected: `${RELAXED}-threads`,
      report: { device: { class: 'software', level: 'core' } },
    },
    {
      without: 'cross-origin isolation',
      isolated: false,
      expected: RELAXED,
      report: {
        workers: {
          possible: false,
          why: ['the page is not cross-origin isolated', 'there is no SharedArrayBuffer'],
        },
      },
    },
    { without: 'SharedArrayBuffer', patches: { shared: false }, expected: RELAXED },
    { without: 'threads, by options', options: { features: { threads: false } }, expected: RELAXED },
    {
      without: 'SIMD',
      patches: { simd: false },
      expected: 'wasm-base',
      report: { wasm: { simd128: false } },
    },
    { without: 'nothing of WebGPU', ...GPU, expected: 'webgpu-chromium-subgroups' },
    { without: 'subgroups', ...GPU, patches: { features: ['subgroups'] }, expected: 'webgpu-chromium-base' },
    {
      without: 'subgroups, by options',
      options: { ...GPU.options, features: { subgroups: false } },
      expected: 'webgpu-chromium-base',
    },
    {
      without: 'bindings beyond 128 MiB',
      ...GPU,
      patches: { limits: { maxStorageBufferBindingSize: 2 ** 27 } },
      expected: 'webgpu-chromium-subgroups',
    },
    {
      without: 'bindings of 128 MiB',
      patches: { limits: { maxStorageBufferBindingSize: 2 ** 26 } },
      expected: `${RELAXED}-threads`,
      report: { device: { tier: 'less' } },
    },
    {
      without: 'navigator.gpu',
      patches: { gpu: false },
      expected: `${RELAXED}-threads`,
      report: { webgpu: { available: false } },
    },
    {
      without: 'an adapter',
      how: { gpu: false },
      expected: `${RELAXED}-threads`,
      report: { webgpu: { reason: 'requestAdapter found no adapter' } },
    },
    {
      without: 'WebAssembly',
      how: { args: ['--js-flags=--jitless'] },
      expected: 'webgpu-chromium-subgroups',
      report: { wasm: {}, wasmCompiles: false },
    },
    {
      without: 'a WebNN that works',
      how: { args: ['--enable-features=WebMachineLearningNeuralNetwork'] },
      expected: `${RELAXED}-threads`,
      report: { webnn: { present: true, works: false } },
    },
  ],
  firefox: [
    {
      without: 'a GPU alone: it computes on the processor',
      expected: `${RELAXED}-threads`,
      report: { device: { class: 'software' }, workarounds: ['poll-nudge', 'masked-adapter'] },
    },
    { without: 'cross-origin isolation', isolated: false, expected: RELAXED },
    { without: 'SIMD', patches: { simd: false }, expected: 'wasm-base' },
    { without: 'nothing of WebGPU', ...GPU, expected: 'webgpu-gecko-shader-f16' },
    { without: 'f16', ...GPU, patches: { features: ['shader-f16'] }, expected: 'webgpu-gecko-base' },
    {
      without: 'its own shape',
      options: { ...GPU.options, target: 'chrome', features: { 'shader-f16': false } },
      expected: 'webgpu-chromium-base',
    },
    {
      without: 'WebGPU and relaxed SIMD',
      how: { preferences: { 'dom.webgpu.enabled': false, 'javascript.options.wasm_relaxed_simd': false } },
      expected: 'wasm-simd128-threads',
      report: { webgpu: { reason: 'there is no navigator.gpu' } },
    },
    {
      without: 'WebAssembly',
      how: { preferences: { 'javascript.options.wasm': false } },
      expected: 'webgpu-gecko-shader-f16',
      report: { wasm: {} },
    },
    {
      without: 'a fingerprint',
      how: { preferences: { 'privacy.resistFingerprinting': true } },
      expected: /^webgpu-gecko-/,
      report: { device: { class: 'unknown', tier: 'portable' } },
    },
  ],
  webkit: [
    {
      without: 'WebGPU, relaxed SIMD and shared memory',
      expected: 'wasm-simd128',
      report: { workers: { possible: false } },
    },
    { without: 'SIMD', patches: { simd: false }, expected: 'wasm-base' },
    {
      without: 'WebGPU and relaxed SIMD alone',
      how: { env: { JSC_useSharedArrayBuffer: '1' } },
      expected: 'wasm-simd128-threads',
    },
  ],
  node: [
    { without: 'relaxed SIMD', options: { backend: 'wasm' }, expected: /^wasm-simd128/ },
    { without: 'f16', ...GPU, expected: 'webgpu-chromium-subgroups', report: { version: { from: 'host' } } },
    {
      without: 'f16 and subgroups',
      options: { ...GPU.options, features: { subgroups: false } },
      expected: 'webgpu-chromium-base',
    },
    {
      without: 'a relaxed SIMD that is right',
      how: { args: ['--experimental-wasm-relaxed-simd'] },
      options: { backend: 'wasm' },
      expected: NODE,
    },
    { without: 'a driver', how: { env: { VK_DRIVER_FILES: '/nowhere' } }, expected: /^wasm-simd128/ },
  ],
  deno: [
    {
      without: 'subgroups',
      ...GPU,
      expected: 'webgpu-gecko-shader-f16',
      report: { device: { class: 'software' }, workarounds: [] },
    },
    {
      without: 'subgroups and f16',
      options: { ...GPU.options, features: { 'shader-f16': false } },
      expected: 'webgpu-gecko-base',
    },
    { without: 'a GPU alone: it computes on the processor', expected: new RegExp(`^${RELAXED}`) },
  ],
}

/** Where tests/fixtures/capabilities gets its recorded reports: WGC_CAPABILITIES=write. */
const RECORD = process.env.WGC_CAPABILITIES === 'write' ? 'tests/fixtures/capabilities' : undefined

const [story] = storiesCases()
let folder: string
let isolated: Site
let open: Site

beforeAll(async () => {
  await freshDist()
  folder = mkdtempSync(join(tmpdir(), 'wgc-switches-'))
  await build({ model: STORIES, targets: ['all', 'safari-ios-15'], out: join(folder, 'stories'), bits: 8 })
  await writeToy(join(folder, 'stories'), join(folder, 'toy'))
  const mounts = { '/dist': distFolder(), '/bundles': folder }
  isolated = await serve(mounts)
  open = await serve(mounts, { isolated: false })
})

afterAll(async () => {
  for (const site of [isolated, open]) await site?.close()
  if (folder) rmSync(folder, { recursive: true })
})

/**
 * The variants of a real bundle, with what they need, but kernels that a software adapter compiles in no time. What real
 * kernels compute on WebGPU is the matter of generate.test.ts and variants.test.ts.
 */
async function writeToy(real: string, toy: string): Promise<void> {
  const bundle = await tinyBundle()
  const { variants, targets } = JSON.parse(
    readFileSync(join(real, 'manifest.json'), 'utf8'),
  ) as Runtime.Manifest
  const { gpu, cpu } = bundle.manifest.variants
  const own = (v: Runtime.Variant) => (v.backend === 'webgpu' ? gpu! : cpu!)
  // Their tests are of their own kernels.
  const made = Object.entries(variants).map(([id, { selfTest, ...v }]) => {
    const { plan, code, memory } = own(v)
    return [id, { ...v, plan, code, memory }]
  })
  mkdirSync(toy)
  const manifest = { ...bundle.manifest, targets, variants: Object.fromEntries(made) }
  writeFileSync(join(toy, 'manifest.json'), JSON.stringify(manifest))
  for (const [file, bytes] of bundle.files) writeFileSync(join(toy, file), bytes)
}

const CASES = {
  stories: { prompt: story!.ids, ids: story!.greedy.slice(0, 16) },
  toy: { prompt: [1, 2, 3, 4, 5], ids: continuation([1, 2, 3, 4, 5], 16) },
}

/** Rows that the same process runs, in their order. */
function processes(rows: Row[]): Row[][] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const key = JSON.stringify(row.how ?? {})
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()]
}

describe.each(Object.entries(ROWS) as [EngineName, Row[]][])('%s', (name, rows) => {
  const missing = whyMissing(name)
  test
    .skipIf(missing)
    .each(processes(rows).map((group) => [group.map((r) => r.without).join(', '), group] as const))(
    'without %s',
    async (_, group) => {
      const engine = await openBrowser(name, group[0]!.how)
      try {
        for (const { without, patches = {}, options = {}, isolated: apart, expected, report } of group) {
          const bundle = `${expected}`.includes('webgpu') ? 'toy' : 'stories'
          const { prompt, ids } = CASES[bundle]
          const full = report !== undefined || RECORD !== undefined
          const job: Job = { bundle, full, options, patches, prompt }
          const ran = await engine.run(apart === false ? open : isolated, play, job)
          const title = `${name} ${engine.version}, without ${without}`
          // Node has workers only when it is given some.
          const threads = name === 'node' ? { threads: 0 } : {}
          if (RECORD && ran.report)
            record({ title, options: { ...options, ...threads }, variant: ran.variant, report: ran.report })
          if (typeof expected === 'string') expect([without, ran.variant]).toEqual([without, expected])
          else expect(ran.variant, without).toMatch(expected)
          expect([without, ran.ids]).toEqual([without, ids])
          if (full) expect(ran.report, without).toMatchObject({ format: 1, ...report })
        }
      } finally {
        await engine.close()
      }
    },
  )
})

/** `variant`: what it ran, as the row expected. */
interface Recorded {
  title: string
  options: Runtime.SelectOptions
  variant: string
  report: Runtime.Report
}

function record(recorded: Recorded): void {
  mkdirSync(RECORD!, { recursive: true })
  const name = recorded.title.toLowerCase().replace(/[^a-z0-9.]+/g, '-')
  writeFileSync(`${RECORD}/${name}.json`, `${JSON.stringify(recorded, null, 1)}\n`)
}
