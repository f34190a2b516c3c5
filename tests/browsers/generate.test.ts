import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENGINES, type Engine, type EngineName, openBrowser, whyMissing } from '../helpers/browsers.js'
import { type Backend, generateGreedily } from '../helpers/generate.js'
import {
  type Bits,
  type Bundles,
  buildBundles,
  distFolder,
  STORIES,
  storiesCases,
} from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'

/**
 * Engine, backend, how many of the three prompts, and of their tokens where they are fewer: Dawn on SwiftShader is slow,
 * in Chromium and in Node.
 */
const RUNS: [EngineName, Exclude<Backend, 'auto'>, prompts: number, most?: number][] = [
  ['chromium', 'webgpu', 1, 50],
  ['chromium', 'wasm', 3],
  ['firefox', 'webgpu', 3],
  ['firefox', 'wasm', 3],
  ['webkit', 'wasm', 3],
  ['node', 'webgpu', 1, 20],
  ['node', 'wasm', 3],
  ['deno', 'webgpu', 3],
  ['deno', 'wasm', 3],
]

/** How many greedy tokens must be those of the reference, which is computed in float64. */
const EXACT: [Bits, number][] = [
  ['f32', 100],
  ['f16', 100],
  [8, 20],
]

const cases = storiesCases()
let bundles: Bundles
let site: Site

beforeAll(async () => {
  bundles = await buildBundles(
    STORIES,
    EXACT.map(([bits]) => bits),
  )
  site = await serve({ '/dist': distFolder(), '/bundles': bundles.folder })
})

afterAll(async () => {
  await site?.close()
  bundles?.remove()
})

describe.each(ENGINES)('%s', (name) => {
  const missing = whyMissing(name)
  let engine: Engine | undefined

  beforeAll(async () => {
    if (!missing) engine = await openBrowser(name)
  })
  afterAll(() => engine?.close())

  for (const [, backend, prompts, most] of RUNS.filter(([engineName]) => engineName === name)) {
    const exact = EXACT.map(([bits, tokens]): (typeof EXACT)[number] => [
      bits,
      Math.min(tokens, most ?? tokens),
    ])
    test.skipIf(missing).each(exact)(
      `${backend}, %s weights: %i tokens as the reference`,
      async (bits, tokens) => {
        const chosen = cases.slice(0, prompts)
        const found = await engine!.run(site, generateGreedily, {
          bundle: `bundles/${bits}/`,
          backend,
          prompts: chosen.map((entry) => entry.ids),
          maxTokens: tokens,
        })
        const { variant, loading, generating } = found
        console.info(`${name} ${bits}: ${variant} loads in ${loading} ms, generates in ${generating} ms`)
        expect(found.backend).toBe(backend)
        expect(found.ids).toEqual(chosen.map((entry) => entry.greedy.slice(0, tokens)))
      },
    )
  }
})
