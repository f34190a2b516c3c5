/** The tasks' file beside the runtime, in real engines: images of every source, and chats that go on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type * as Runtime from '../../runtime/index.js'
import { preprocessImages } from '../../runtime/tasks/image.js'
import type * as Tasks from '../../runtime/tasks/index.js'
import { ENGINES, type Engine, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Bundles, buildBundles, STORIES } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'
import { picture } from '../helpers/task-fixtures.js'

let bundles: Bundles
let site: Site

beforeAll(async () => {
  bundles = await buildBundles(STORIES, ['f32'])
  site = await serve({ '/': bundles.folder })
})
afterAll(async () => {
  await site?.close()
  bundles?.remove()
})

const config = { size: { shortest_edge: 8 }, crop_size: 6, do_center_crop: true, resample: 3 }

/** The same picture from everything that a page may have it in. */
async function see(
  { rgb, width, height, config }: { rgb: number[]; width: number; height: number; config: object },
  page: Page,
) {
  const { imageInputs } = await page.import<typeof Tasks>('/f32/tasks.js')
  const data = new Uint8ClampedArray(width * height * 4).fill(255)
  rgb.forEach((v, i) => {
    data[Math.floor(i / 3) * 4 + (i % 3)] = v
  })
  const imageData = new ImageData(data, width, height)
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  canvas.getContext('2d')!.putImageData(imageData, 0, 0)
  const blob = await new Promise<Blob>((resolve) => canvas.toBlob((b) => resolve(b!)))
  const img = new Image()
  img.src = URL.createObjectURL(blob)
  await img.decode()
  const bitmap = await createImageBitmap(imageData)
  const results: Record<string, number[]> = {}
  for (const [name, source] of Object.entries({ imageData, canvas, blob, img, bitmap })) {
    results[name] = Array.from((await imageInputs(source, config)).pixel_values.data)
  }
  return results
}

/** Two turns: the second goes on from the first's cache, or is computed from its start by another model. */
async function talk(_: object, page: Page) {
  const { load } = await page.import<typeof Runtime>('/f32/runtime.js')
  const { chat } = await page.import<typeof Tasks>('/f32/tasks.js')
  const url = new URL('f32/', page.url)
  const options = {
    ...{ temperature: 0, maxTokens: 20 },
    template: '{{ "<s>" }}{% for m in messages %}{{ m.content }}{% endfor %}',
  }
  const run = async (model: Runtime.Model, messages: Tasks.Message[]) => {
    const source = chat(model, messages, options)
    let text = ''
    for (;;) {
      const { done, value } = await source.next()
      if (done) return { streamed: text, ...value }
      text += value
    }
  }
  const model = await load(url, { backend: 'wasm' })
  const first = [{ role: 'user', content: 'Once upon a time' }]
  const one = await run(model, first)
  const messages = [...first, { role: 'assistant', content: one.text }, { role: 'user', content: ' Then' }]
  const two = await run(model, messages)
  const cached = model.length
  const other = await load(url, { backend: 'wasm' })
  const fresh = await run(other, messages)
  model.destroy()
  other.destroy()
  return { one, two, fresh, cached, anew: fresh.stats.promptTokens }
}

describe.each(ENGINES)('%s', (name) => {
  const missing = whyMissing(name)
  let engine: Engine | undefined
  beforeAll(async () => {
    if (!missing) engine = await openBrowser(name)
  })
  afterAll(() => engine?.close())

  test.skipIf(missing || name === 'node' || name === 'deno')(
    'sees the same in every source of an image',
    async () => {
      const { data, width, height } = picture(19, 13)
      const want = Array.from(preprocessImages([{ data, width, height }], config).pixel_values.data)
      const results = await engine!.run(site, see, { rgb: Array.from(data), width, height, config })
      for (const [source, got] of Object.entries(results)) expect(got.map(Math.fround), source).toEqual(want)
    },
  )

  test.skipIf(missing)('goes on with a chat as if it were all computed', async () => {
    const { one, two, fresh, cached, anew } = await engine!.run(site, talk, {})
    expect(one.streamed).toBe(one.text)
    expect(one.text.length).toBeGreaterThan(20)
    expect(two.reused).toBeGreaterThan(20)
    expect(fresh.reused).toBe(0)
    expect(two.text).toBe(fresh.text)
    expect(two.reused + two.stats.promptTokens).toBe(anew)
    expect(cached).toBe(anew + two.stats.tokens)
  })
})
