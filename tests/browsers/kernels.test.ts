/**
 * WGSL kernels against their float64 references in real browsers: of every template some jobs of the table of
 * variants, spread over its rows. Dawn and wgpu run them all (tests/kernels).
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, type Page, whyMissing } from '../helpers/browsers.js'
import { type Site, serve } from '../helpers/server.js'
import type * as BatchModule from '../kernels/batch.js'
import { allJobs, needsF16, needsMatrix } from '../kernels/wgsl-all.js'
import type { Job } from '../kernels/wgsl-jobs.js'
import { readResults, writeBatches } from '../kernels/wgsl-run.js'

/** Jobs of a template: shaders take their time to compile in software. */
const PER_TEMPLATE = 3

/** Needs no feature that a browser may lack here. */
const portable = allJobs().filter((job) => !job.params.SUBGROUPS && !needsF16(job) && !needsMatrix(job))

function sampled(): Job[] {
  const names = [...new Set(portable.map((job) => job.template.name))]
  return names.flatMap((name) => {
    const jobs = portable.filter((job) => job.template.name === name)
    const step = Math.ceil(jobs.length / PER_TEMPLATE)
    return jobs.filter((_, i) => i % step === 0)
  })
}

/** Runs in the page: results as base64, a batch each. */
async function runAll({ sizes }: { sizes: number }, page: Page) {
  const { runBatch } = await page.import<typeof BatchModule>('/batch/batch.js')
  const adapter = await navigator.gpu?.requestAdapter()
  if (!adapter) return undefined
  const device = await adapter.requestDevice()
  const batches = await (await fetch(new URL('data/batches.json', page.url))).json()
  const data = new Uint8Array(await (await fetch(new URL('data/data.bin', page.url))).arrayBuffer())
  let at = 0
  const take = (bytes: number) => {
    at += bytes
    return data.subarray(at - bytes, at)
  }
  const results: string[] = []
  for (const batch of batches) {
    const [read, write, uniform] = [take(batch.read), take(batch.write), take(batch.uniform)]
    const out = await runBatch(device, { ...batch, read, write, uniform })
    let text = ''
    for (let i = 0; i < out.length; i += sizes) text += String.fromCharCode(...out.subarray(i, i + sizes))
    results.push(btoa(text))
  }
  return results
}

const jobs = sampled()
let folder: string
let site: Site
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wgc-kernels-'))
  writeBatches(folder, jobs)
  const tsc = ['node_modules/typescript/bin/tsc', 'tests/kernels/batch.ts', '--ignoreConfig', '--noCheck']
  const shape = ['--outDir', join(folder, 'js'), '--module', 'esnext', '--target', 'es2022']
  execFileSync(process.execPath, [...tsc, ...shape])
  site = await serve({ '/batch': join(folder, 'js'), '/data': folder })
})
afterAll(async () => {
  await site.close()
  rmSync(folder, { recursive: true })
})

describe.each(['chromium', 'firefox'] as const)('%s', (name) => {
  it.skipIf(whyMissing(name))(
    `${jobs.length} kernels`,
    async () => {
      const engine = await openBrowser(name)
      try {
        const results = await engine.run(site, runAll, { sizes: 8192 }, { timeout: 280_000 })
        expect(results, 'no WebGPU').toBeDefined()
        writeFileSync(
          join(folder, 'results.bin'),
          Buffer.concat(results!.map((r) => Buffer.from(r, 'base64'))),
        )
        expect(readResults(folder, jobs)).toEqual([])
      } finally {
        await engine.close()
      }
    },
    300_000,
  )
})
