/**
 * Perplexity of books-14m on text that it wasn't trained on, by the wasm kernels in Node, against the
 * reference in float32. A sample of the windows; `WGC_WINDOWS=all` takes every one.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type * as Runtime from '../../runtime/index.js'
import { type Engine, openBrowser, type Page } from '../helpers/browsers.js'
import {
  BOOKS,
  type Bundles,
  booksReference,
  buildBundles,
  distFolder,
  whyAbsent,
} from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'

/** Predicted tokens of a window; id 0 comes before them. */
const WINDOW = 1023
const SAMPLE = [0, 9, 18, 27, 36, 45, 54, 63]

/** The most that a window's mean loss may be off, in nats. The weights are stored in f16. */
const FORMATS = [
  ['f16', 0.0001],
  [8, 0.01],
] as const

/** Mean negative log-likelihood of each window, natural logarithm. */
async function windowLosses({ bundle, windows }: { bundle: string; windows: number[][] }, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const model = await load(new URL(bundle, page.url), {
    backend: 'wasm',
    tokenizer: false,
    programs: ['forward'],
  })
  const losses: number[] = []
  for (const window of windows) {
    const { logits } = await model.run({ input_ids: window.slice(0, -1) })
    const { vocab } = model.info
    let sum = 0
    for (let m = 0; m + 1 < window.length; m++) {
      const row = logits!.data.subarray(m * vocab, (m + 1) * vocab)
      let most = Number.NEGATIVE_INFINITY
      for (const x of row) most = Math.max(most, x)
      let mass = 0
      for (const x of row) mass += Math.exp(x - most)
      sum += most + Math.log(mass) - row[window[m + 1]!]!
    }
    losses.push(sum / (window.length - 1))
  }
  model.destroy()
  return losses
}

/** The windows of the reference's protocol: the text's ids in pieces of 1,023, each after id 0. */
function cutWindows(): number[][] {
  const json = (file: string) => JSON.parse(readFileSync(join(BOOKS, file), 'utf8'))
  const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'))
  const text = readFileSync(join(BOOKS, 'eval.txt'), 'utf8')
  const { ids } = tokenizer.encode(text, { add_special_tokens: false })
  return Array.from({ length: Math.floor(ids.length / WINDOW) }, (_, i) => [
    0,
    ...ids.slice(i * WINDOW, (i + 1) * WINDOW),
  ])
}

const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length

const absent = whyAbsent(BOOKS)

describe.skipIf(absent)('books-14m, wasm in node', () => {
  let bundles: Bundles
  let site: Site
  let engine: Engine

  beforeAll(async () => {
    bundles = await buildBundles(BOOKS, ['f16', 8])
    site = await serve({ '/dist': distFolder(), '/bundles': bundles.folder })
    engine = await openBrowser('node')
  })
  afterAll(async () => {
    await engine?.close()
    await site?.close()
    bundles?.remove()
  })

  test.each(FORMATS)(
    'perplexity with %s weights is the reference, within 1 in 100',
    async (bits, most) => {
      const all = cutWindows()
      const reference = booksReference()
      expect(all).toHaveLength(reference.nll_by_window.length)
      const chosen = process.env.WGC_WINDOWS === 'all' ? all.map((_, i) => i) : SAMPLE
      const losses = await engine.run(
        site,
        windowLosses,
        { bundle: `bundles/${bits}/`, windows: chosen.map((i) => all[i]!) },
        { timeout: 1_200_000 },
      )
      const expected = chosen.map((i) => reference.nll_by_window[i]!)
      const [got, want] = [Math.exp(mean(losses)), Math.exp(mean(expected))]
      const worst = Math.max(...losses.map((loss, i) => Math.abs(loss - expected[i]!)))
      console.info(
        `${bits}: perplexity ${got.toFixed(4)}, reference ${want.toFixed(4)}, worst window ${worst}`,
      )
      expect(worst).toBeLessThan(most)
      expect(Math.abs(got / want - 1)).toBeLessThan(0.01)
    },
    1_300_000,
  )
})
