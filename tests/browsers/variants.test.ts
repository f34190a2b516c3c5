/**
 * Every variant of a bundle, not only an engine's favourite. Deno's wgpu takes all WebGPU code shapes that need
 * no subgroups (Chromium's tests take those), and wasm with and without relaxed SIMD.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type * as Runtime from '../../runtime/index.js'
import { openBrowser, type Page } from '../helpers/browsers.js'
import { type Bundles, buildBundles, distFolder, STORIES, storiesCases } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'

interface Job {
  variants: string[]
  prompt: number[]
  maxTokens: number
}

/** Greedy ids by variant, or why it can't run here. */
async function generateByVariant({ variants, prompt, maxTokens }: Job, page: Page) {
  const { load, UnsupportedError } = await page.import<typeof Runtime>('/dist/runtime.js')
  const found: Record<string, number[] | string> = {}
  for (const variant of variants) {
    try {
      const model = await load(new URL('bundles/f16/', page.url), { variant, tokenizer: false })
      const ids: number[] = []
      for await (const id of model.generateIds(prompt, { maxTokens, temperature: 0 })) ids.push(id)
      found[variant] = ids
      model.destroy()
    } catch (e) {
      if (!(e instanceof UnsupportedError)) throw e
      found[variant] = /needs [\w-]+/.exec(e.message)?.[0] ?? e.message
    }
  }
  return found
}

const [story] = storiesCases()
let bundles: Bundles
let site: Site
let variants: string[]
/** Those for a class of devices by other engines: Deno has no subgroups. */
let tuned: string[]

beforeAll(async () => {
  bundles = await buildBundles(STORIES, ['f16'])
  site = await serve({ '/dist': distFolder(), '/bundles': bundles.folder })
  const response = await fetch(new URL('bundles/f16/manifest.json', site.url))
  const all = Object.entries(((await response.json()) as Runtime.Manifest).variants)
  variants = all.map(([id]) => id)
  tuned = all.flatMap(([id, variant]) => (variant.vendors && variant.engine !== 'gecko' ? [id] : []))
})

afterAll(async () => {
  await site?.close()
  bundles?.remove()
})

describe('every variant generates what the reference does', () => {
  test('deno', async () => {
    const deno = await openBrowser('deno')
    const found = await deno.run(site, generateByVariant, { variants, prompt: story!.ids, maxTokens: 100 })
    for (const id of tuned) expect(found[id]).toMatch(/^needs /)
    for (const id of variants.filter((v) => !tuned.includes(v)))
      expect([id, found[id]]).toEqual([id, id.includes('subgroups') ? 'needs subgroups' : story!.greedy])
  })
})
