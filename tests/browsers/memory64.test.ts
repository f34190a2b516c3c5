/**
 * Addresses of 64 bits in real engines: a model of which all that kernels touch lies beyond 4 GiB. It is a small one
 * behind a large hole, because a build makes such variants of large models alone, and nobody has those here.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toSource } from '../../compiler/build/code.js'
import { describe as describeModel } from '../../compiler/build/describe.js'
import { backendLimits } from '../../compiler/build/limits.js'
import { programGraphs } from '../../compiler/build/programs.js'
import { compileVariants } from '../../compiler/build/variants.js'
import { openCache } from '../../compiler/cache.js'
import { importModel } from '../../compiler/import/index.js'
import { build } from '../../compiler/index.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTuning } from '../../compiler/select/tuning.js'
import { wasmModule, withSharedMemory } from '../../compiler/toolchain/index.js'
import type { Manifest, Plan, Program, Region } from '../../runtime/format.js'
import type * as Runtime from '../../runtime/index.js'
import { type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { distFolder, STORIES, storiesCases } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'

const HOLE = 2 ** 32 + 2 ** 28
const FEATURES = ['simd128', 'memory64']

/** The C kernels of the model's programs, with addresses of 64 bits. */
async function wideModule(): Promise<Uint8Array> {
  const imported = await importModel(STORIES)
  try {
    const model = describeModel(imported, { model: STORIES, out: '' })
    const spec = { id: 'wide', backend: 'wasm' as const, features: FEATURES, tuning: loadTuning() }
    const options = { bits: 4, group: 64, kv: 'f32', splitKv: false, fuse: true } as const
    const graphs = programGraphs(model, { ...options, binding: backendLimits.wasm.binding })
    const { variants } = compileVariants([spec], () => graphs, openTemplates())
    const kernels = variants[0]!.kernels.map(toSource)
    return (await wasmModule(kernels, { features: 'simd128-64', cache: openCache() })).wasm
  } finally {
    await imported.close()
  }
}

/** The plan with a hole before its weights; temporaries and what lasts between steps lie behind them. */
function behindHole(plan: Plan): Plan {
  const ofWeights = (buffer: number) => plan.buffers[buffer]!.kind === 'weights'
  const move = (r: Region | null): Region | null => r && (ofWeights(r[0]) ? [r[0], r[1] + HOLE, r[2]] : r)
  const moved = (p: Program): Program => ({
    ...p,
    dispatches: p.dispatches.map((d) => ({ ...d, bind: d.bind.map(move) })),
  })
  return {
    ...plan,
    buffers: plan.buffers.map((b) => (b.kind === 'weights' ? { ...b, bytes: b.bytes + HOLE } : b)),
    shards: plan.shards.map((s) => ({ ...s, offset: s.offset + HOLE })),
    programs: Object.fromEntries(Object.entries(plan.programs).map(([name, p]) => [name, moved(p)])),
  }
}

let folder: string
let site: Site
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-memory64-'))
  await build({ model: STORIES, out: join(folder, 'b'), bits: 4, targets: ['safari'] })
  const at = (file: string) => join(folder, 'b', file)
  const manifest = JSON.parse(readFileSync(at('manifest.json'), 'utf8')) as Manifest
  const narrow = manifest.variants['wasm-simd128']!
  const add = (file: string, content: Uint8Array | string) => {
    writeFileSync(at(file), content)
    const bytes = readFileSync(at(file))
    manifest.files[file] = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
    return file
  }
  const plan = JSON.parse(readFileSync(at(narrow.plan), 'utf8')) as Plan
  const module = await wideModule()
  const wide = {
    ...narrow,
    plan: add('plan-wide.json', JSON.stringify(behindHole(plan))),
    memory: narrow.memory + HOLE,
  }
  manifest.variants.wide = { ...wide, features: FEATURES, code: add('kernels-wide.wasm', module) }
  manifest.variants['wide-threads'] = {
    ...wide,
    features: [...FEATURES, 'threads'],
    code: add('kernels-wide-threads.wasm', withSharedMemory(module)),
  }
  writeFileSync(at('manifest.json'), JSON.stringify(manifest))
  site = await serve({ '/dist': distFolder(), '/bundles': folder })
})
afterAll(async () => {
  await site?.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Job {
  variant: string
  prompt: number[]
}

async function generate({ variant, prompt }: Job, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const model = await load(new URL('bundles/b/', page.url), { variant, tokenizer: false, threads: 2 })
  const ids: number[] = []
  for await (const id of model.generateIds(prompt, { maxTokens: 100, temperature: 0 })) ids.push(id)
  const { threads } = model
  model.destroy()
  return { ids, threads }
}

const engines: EngineName[] = ['chromium', 'firefox', 'deno']
describe.each(engines)('%s', (name) => {
  test.skipIf(whyMissing(name))('the same tokens from beyond 4 GiB', async () => {
    const engine = await openBrowser(name)
    try {
      const prompt = storiesCases()[0]!.ids
      const { ids } = await engine.run(site, generate, { variant: 'wasm-simd128', prompt })
      expect(ids.length).toBeGreaterThan(50)
      expect(await engine.run(site, generate, { variant: 'wide', prompt })).toEqual({ ids, threads: 0 })
      expect(await engine.run(site, generate, { variant: 'wide-threads', prompt })).toEqual({
        ids,
        threads: 2,
      })
    } finally {
      await engine.close()
    }
  })
})
