/** books-14m, a model of 14 M parameters: greedy text against the reference, where its test data is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type * as Runtime from '../../runtime/index.js'
import { type Engine, type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Backend, generateGreedily } from '../helpers/generate.js'
import { BOOKS, type Bundles, booksCases, buildBundles, distFolder, whyAbsent } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'

/** Engine, backend, and how many of the five prompts: software GPUs are slow, SwiftShader most of all. */
const RUNS: [EngineName, Backend, number][] = [
  ['chromium', 'wasm', 5],
  ['firefox', 'webgpu', 1],
  ['firefox', 'wasm', 5],
  ['webkit', 'wasm', 5],
  ['node', 'wasm', 5],
  ['deno', 'webgpu', 2],
  ['deno', 'wasm', 5],
]

/**
 * The weights are stored in f16, so f16 must give the reference's every token (the least gap between two
 * logits is 0.0033). Eight bits move logits by 0.2 at most: they may choose otherwise where the gap is small.
 */
const FORMATS = [
  { bits: 'f16', undecided: 0 },
  { bits: 8, undecided: 0.1 },
] as const

/** How far the first logit is above the second at each generated token, by `forward` over the whole sequence. */
async function marginsOf({ cases }: { cases: { ids: number[]; greedy: number[] }[] }, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const url = new URL('bundles/f16/', page.url)
  const model = await load(url, { backend: 'wasm', tokenizer: false, programs: ['forward'] })
  const { vocab } = model.info
  const all: { best: number[]; margins: number[] }[] = []
  for (const { ids, greedy } of cases) {
    const { logits } = await model.run({ input_ids: [...ids, ...greedy.slice(0, -1)] })
    const best: number[] = []
    const margins: number[] = []
    for (let m = ids.length - 1; m < ids.length + greedy.length - 1; m++) {
      const row = Array.from(logits!.data.subarray(m * vocab, (m + 1) * vocab))
      const [first, second] = [...row].sort((a, b) => b - a)
      best.push(row.indexOf(first!))
      margins.push(first! - second!)
    }
    all.push({ best, margins })
  }
  model.destroy()
  return all
}

const absent = whyAbsent(BOOKS)

describe.skipIf(absent)('books-14m', () => {
  const cases = absent ? [] : booksCases()
  const engines = new Map<EngineName, Engine>()
  let bundles: Bundles
  let site: Site
  let margins: number[][]

  const engineOf = async (name: EngineName) => {
    const engine = engines.get(name) ?? (await openBrowser(name))
    engines.set(name, engine)
    return engine
  }

  beforeAll(async () => {
    bundles = await buildBundles(
      BOOKS,
      FORMATS.map(({ bits }) => bits),
    )
    site = await serve({ '/dist': distFolder(), '/bundles': bundles.folder })
  })
  afterAll(async () => {
    for (const engine of engines.values()) await engine.close()
    await site?.close()
    bundles?.remove()
  })

  test('forward over prompt and text prefers the tokens of the reference', async () => {
    const node = await engineOf('node')
    const found = await node.run(site, marginsOf, { cases })
    expect(found.map(({ best }) => best)).toEqual(cases.map(({ greedy }) => greedy))
    margins = found.map((entry) => entry.margins)
    const least = margins.map((list) => Math.min(...list))
    for (const [i, { margin }] of cases.entries()) expect(least[i]).toBeCloseTo(margin, 3)
  })

  for (const { bits, undecided } of FORMATS) {
    for (const [name, backend, prompts] of RUNS) {
      test.skipIf(whyMissing(name))(`${name} ${backend}, ${bits} weights, ${prompts} prompts`, async () => {
        const chosen = cases.slice(0, prompts)
        const engine = await engineOf(name)
        const found = await engine.run(site, generateGreedily, {
          bundle: `bundles/${bits}/`,
          backend,
          prompts: chosen.map(({ ids }) => ids),
          maxTokens: 100,
        })
        const { variant, loading, generating } = found
        console.info(`${name} ${bits}: ${variant} loads in ${loading} ms, generates in ${generating} ms`)
        for (const [i, { greedy, prompt }] of chosen.entries()) {
          const ids = found.ids[i]!
          const parting = greedy.findIndex((id, at) => ids[at] !== id)
          if (parting < 0 || margins[i]![parting]! < undecided) continue
          expect(ids.slice(0, parting + 1), prompt).toEqual(greedy.slice(0, parting + 1))
        }
      })
    }
  }
})
