/** The page in README.md, beside a bundle, in real browsers: what people copy must run. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EngineName, openBrowser, whyMissing } from '../helpers/browsers.js'
import { freshDist, type TemporaryFolder, temporaryFolder, wgcJson } from '../helpers/cli.js'
import { STORIES } from '../helpers/models.js'
import { type Site, serve } from '../helpers/server.js'

const example = /```html\n(.*?)```/s.exec(readFileSync('README.md', 'utf8'))?.[1] ?? ''

let folder: TemporaryFolder
let site: Site

beforeAll(async () => {
  await freshDist()
  folder = temporaryFolder()
  await wgcJson(['build', '--model', STORIES, '--out', join(folder.path, 'stories')])
  writeFileSync(join(folder.path, 'index.html'), example)
  const { url, ...rest } = await serve({ '/site': folder.path }, { isolated: false })
  site = { ...rest, url: `${url}site/` }
})

afterAll(async () => {
  await site?.close()
  folder?.remove()
})

test('it is a short one', () => expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(20))

/** The text, once it no longer grows. */
async function written() {
  const text = () => document.querySelector('output')?.textContent ?? ''
  for (let before = ''; ; before = text()) {
    await new Promise((done) => setTimeout(done, 1500))
    if (text() === before && before.length > 100) return before
  }
}

describe.each(['chromium', 'firefox', 'webkit'] as EngineName[])('%s', (name) => {
  test.skipIf(whyMissing(name))('writes a story', async () => {
    const browser = await openBrowser(name)
    const text = await browser.run(site, written, {}, { timeout: 60_000 }).finally(() => browser.close())
    expect(text).toMatch(/^Once upon a time,? .*\. /s)
  })
})
