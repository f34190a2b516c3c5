/** Steps that go to the GPU in parts, in real engines: the tokens are those of whole steps, and few parts are under way. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MOST } from '../../runtime/care/parts.js'
import type * as Runtime from '../../runtime/index.js'
import { type Engine, type EngineName, openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Built, buildRuntime } from '../helpers/build-runtime.js'
import { writeBundle } from '../helpers/bundle-files.js'
import { type Site, serve } from '../helpers/server.js'
import { continuation, tinyBundle } from '../helpers/tiny-bundle.js'

const PROMPT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]

let site: Site
let built: Built
beforeAll(async () => {
  built = await buildRuntime()
  const folder = writeBundle(await tinyBundle(), join(built.folder, 'bundle'))
  site = await serve({ '/dist': built.folder, '/bundle': folder })
})
afterAll(async () => {
  await site?.close()
  built?.remove()
})

/** Runs in the engine: a prompt, more of it, and one that is given up. */
async function talk({ prompt, partMs }: { prompt: number[]; partMs: number | false }, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  let submits = 0
  let under = 0
  let most = 0
  const { submit } = GPUQueue.prototype
  GPUQueue.prototype.submit = function (list) {
    submit.call(this, list)
    // An empty one makes the browser look.
    if ((list as GPUCommandBuffer[]).length === 0) return
    submits++
    most = Math.max(most, ++under)
    this.onSubmittedWorkDone().then(() => under--)
  }
  const model = await load(new URL('bundle', page.url), { backend: 'webgpu', selfTest: false, partMs })
  const ids: number[] = []
  const options = { temperature: 0, maxTokens: 8 }
  submits = under = most = 0
  for await (const id of model.generateIds(prompt, options)) ids.push(id)
  const [sent, together] = [submits, most]
  for await (const id of model.generateIds([3], { ...options, continue: true })) ids.push(id)
  const controller = new AbortController()
  let why = ''
  setTimeout(() => controller.abort(new Error('enough')), 5)
  try {
    for (;;) for await (const _ of model.generateIds(prompt, { ...options, signal: controller.signal }));
  } catch (e) {
    why = (e as Error).message
  }
  const after: number[] = []
  for await (const id of model.generateIds(prompt, options)) after.push(id)
  model.destroy()
  return { ids, submits: sent, most: together, why, after }
}

for (const name of ['chromium', 'firefox'] as EngineName[]) {
  describe.skipIf(whyMissing(name))(name, () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await openBrowser(name)
    })
    afterAll(() => engine?.close())

    it('gives the same in parts', async () => {
      const whole = await engine.run(site, talk, { prompt: PROMPT, partMs: false })
      const parts = await engine.run(site, talk, { prompt: PROMPT, partMs: Number.MIN_VALUE })
      const said = continuation(PROMPT, 8)
      expect(whole.ids).toEqual([...said, ...continuation([...PROMPT, ...said, 3], 8)])
      expect(parts.ids).toEqual(whole.ids)
      for (const { why, after } of [whole, parts]) {
        expect(why).toBe('enough')
        expect(after).toEqual(said)
      }
      expect(parts.submits).toBeGreaterThan(2 * whole.submits)
      expect(parts.most).toBeLessThanOrEqual(MOST)
    })
  })
}
