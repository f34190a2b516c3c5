/** `wgc doctor`: the report of this machine, and of a bundle on it. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Explanation, Report } from '../../runtime/inspect.js'
import { freshDist, type TemporaryFolder, temporaryFolder, wgc, wgcJson } from '../helpers/cli.js'
import { STORIES } from '../helpers/models.js'

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const env = { VK_DRIVER_FILES: SWIFTSHADER }

interface Doctored {
  report: Report
  gpu: string
  choice?: Explanation
}

let folder: TemporaryFolder
beforeAll(async () => {
  await freshDist()
  folder = temporaryFolder()
  await wgcJson(['build', '--model', STORIES, '--target', 'node', '--out', `${folder.path}/stories`])
})
afterAll(() => folder?.remove())

test('no bundle: the report alone', async () => {
  const { report, choice } = await wgcJson<Doctored>(['doctor'], { env })
  expect(choice).toBeUndefined()
  expect(report).toMatchObject({ format: 1, version: { from: 'host' }, workers: { possible: true } })
  expect(report.workers.cores).toBeGreaterThan(0)
  if (existsSync(SWIFTSHADER)) expect(report.device).toMatchObject({ class: 'software', level: 'core' })
})

test('no driver: why there is no GPU', async () => {
  const { code, out } = await wgc(['doctor'], { env: { VK_DRIVER_FILES: '/nowhere' } })
  expect(code).toBe(0)
  expect(out).toMatch(/^Dawn +none: \S/)
  expect(out).toMatch(/\nWebGPU +none: there is no navigator.gpu\n/)
})

test('a bundle: what runs and why, as wgc run takes it', async () => {
  const at = `${folder.path}/stories`
  const { choice } = await wgcJson<Doctored>(['doctor', at, '--without', 'threads'], { env })
  const ran = await wgcJson<{ variant: string }>(
    ['run', at, '--prompt', 'a', '--max-tokens', '1', '--without', 'threads'],
    { env },
  )
  expect(choice?.variant).toBe(ran.variant)
  const { out } = await wgc(['doctor', at, '--without', 'threads'], { env })
  expect(out).toMatch(/\nstories260K runs here:\n {2}\S+: taken: /)
  expect(out).toMatch(/switched off: threads/)
})

test('no such bundle', async () => {
  const { code, err } = await wgc(['doctor', `${folder.path}/nothing`], { env })
  expect(code).toBe(1)
  expect(err).toMatch(/WGC203: no such file/)
})
