/** Models of several families in real browsers: what Hugging Face transformers gives for the same inputs. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from '../../compiler/index.js'
import type * as Runtime from '../../runtime/index.js'
import { type Engine, type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { part } from '../helpers/golden-case.js'
import { deviation, GOLDENS, readTensors, type Values } from '../helpers/goldens.js'
import { whyAbsent } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'

/** A text encoder, towers and a similarity, an encoder and decoder, and images in a text by functions of extras.js. */
const NAMES = ['bert', 'clip', 'whisper', 'qwen2_vl']
/** Chromium's WebGPU runs on SwiftShader, as Dawn does, which runs all goldens in tests/unit: two of them will do. */
const RUNS: [EngineName, 'webgpu' | 'wasm', names?: string[]][] = [
  ['chromium', 'webgpu', ['bert', 'whisper']],
  ['chromium', 'wasm'],
  ['firefox', 'webgpu'],
  ['firefox', 'wasm'],
  ['webkit', 'wasm'],
]
const GREEDY = 'greedy_ids'

interface Case {
  bundle: string
  backend: 'webgpu' | 'wasm'
  inputs: Record<string, Values>
  outputs: string[]
}

async function compute({ bundle, backend, inputs, outputs }: Case, page: Page) {
  const { load } = await page.import<typeof Runtime>(`${bundle}runtime.js`)
  const model = await load(new URL(bundle, page.url), { backend, tokenizer: false, programs: [] })
  const made = await model.run(inputs, { outputs })
  model.destroy()
  return Object.fromEntries(
    Object.entries(made).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }]),
  )
}

const absent = whyAbsent(GOLDENS)

describe.skipIf(absent)('goldens', () => {
  let folder = ''
  let site: Site
  beforeAll(async () => {
    mkdirSync('out', { recursive: true })
    folder = mkdtempSync(resolve('out', 'goldens-'))
    const only = ['wasm-simd128', 'webgpu-chromium-base', 'webgpu-gecko-base']
    for (const name of NAMES)
      await build({
        ...{ model: join(GOLDENS, name), targets: ['chrome', 'firefox'], only, bits: 'f32' },
        out: join(folder, name),
      })
    site = await serve({ '/': folder })
  }, 300_000)
  afterAll(async () => {
    await site?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  describe.each([...new Set(RUNS.map(([name]) => name))])('%s', (engineName) => {
    const missing = whyMissing(engineName)
    let engine: Engine | undefined
    beforeAll(async () => {
      if (!missing) engine = await openBrowser(engineName)
    })
    afterAll(() => engine?.close())

    for (const [, backend, names = NAMES] of RUNS.filter(([name]) => name === engineName))
      test.skipIf(missing).each(names)(`${backend}: %s`, async (name) => {
        const io = readTensors(join(GOLDENS, name, 'io.safetensors'))
        const expected = part(io, 'output.')
        const outputs = Object.keys(expected).filter((output) => output !== GREEDY)
        const inputs = part(io, 'input.')
        const made = await engine!.run(site, compute, { bundle: `/${name}/`, backend, inputs, outputs })
        for (const output of outputs) {
          expect(made[output]!.shape).toEqual(expected[output]!.shape)
          expect(deviation(made[output]!.data, expected[output]!.data), output).toBeLessThan(1e-3)
        }
      })
  })
})
