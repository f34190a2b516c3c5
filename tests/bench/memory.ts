/**
 * Memory of a browser that loads models (Linux): over many loads, and at the height of one.
 *
 *     node tests/run.mjs tests/bench/memory.ts loads chromium webgpu 200
 *     node tests/run.mjs tests/bench/memory.ts peak chromium webgpu 384 32
 *
 * loads: engine, backend, how many. A page loads a model, generates some tokens and destroys it, over and over.
 * peak: engine, backend, MiB of weights, MiB of a shard. What is measured is RssAnon and RssShmem of the processes: `page` runs the
 * page, `gpu` holds the weights where the GPU is computed in software, `all` is the browser.
 *
 * On two busy cores, MiB, Chromium 156 on SwiftShader and Firefox 153 on lavapipe:
 *
 * | 200 loads       | page at 20, 100, 200 | all at 20, 100, 200 |
 * | --------------- | -------------------- | ------------------- |
 * | chromium webgpu | 104, 126, 133        | 259, 279, 296       |
 * | chromium wasm   | 93, 109, 110         | 229, 246, 248       |
 * | firefox webgpu  | 147, 173, 169        | 600, 1256, 1293     |
 * | firefox wasm    | 137, 152, 157        | 402, 442, 495       |
 *
 * Firefox keeps what an adapter takes in lavapipe, some 3 MB, until the page is closed or it collects garbage.
 *
 * | height of a load, chromium webgpu | page before lanes | page with lanes (an empty page: 97) |
 * | --------------------------------- | ----------------- | ------------------------------------ |
 * | 384 MiB                           | 486               | 302                                  |
 * | 1024 MiB                          | 625               | 281                                  |
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type * as Runtime from '../../runtime/index.js'
import { type EngineName, openBrowser, type Page } from '../helpers/browsers.js'
import { writeLargeBundle } from '../helpers/large-bundle.js'
import { type Memory, memoryNow, peakOf, shown, slope } from '../helpers/memory.js'
import { distFolder } from '../helpers/models.js'
import { serve } from '../helpers/server.js'
import { tinyBundle } from '../helpers/tiny-bundle.js'

const [mode = 'loads', name = 'chromium', backend = 'webgpu', ...counts] = process.argv.slice(2)

interface Args {
  backend: 'webgpu' | 'wasm'
  times: number
  wait: number
}

/** Runs in the page. */
async function work({ backend, times, wait }: Args, page: Page) {
  const { load } = await page.import<typeof Runtime>('/dist/runtime.js')
  const started = performance.now()
  for (let i = 0; i < times; i++) {
    const model = await load(new URL('bundle', page.url), { backend })
    for await (const _ of model.generateIds([1, 2, 3], { maxTokens: 8 }));
    if (i === times - 1) await new Promise((r) => setTimeout(r, wait))
    model.destroy()
  }
  return performance.now() - started - wait
}

const bundle = mkdtempSync(join(tmpdir(), 'wgc-memory-'))
const site = await serve({ '/dist': distFolder(), '/bundle': bundle })
const engine = await openBrowser(name as EngineName)
const args = { backend: backend as Args['backend'] }

async function loads(count: number): Promise<void> {
  const toy = await tinyBundle()
  writeFileSync(join(bundle, 'manifest.json'), JSON.stringify(toy.manifest))
  for (const [file, bytes] of toy.files) writeFileSync(join(bundle, file), bytes)
  const seen: Memory[] = []
  const steps = 10
  // One page for all: what it leaks it keeps.
  const sample = setInterval(() => seen.push(memoryNow()), 500)
  const took = await engine.run(site, work, { ...args, times: count, wait: 3000 }, { timeout: 1_200_000 })
  clearInterval(sample)
  const at = (i: number) => seen[Math.floor((i * (seen.length - 1)) / steps)]!
  console.log(`${name} ${backend}: ${count} loads, ${(took / count).toFixed(1)} ms each; MiB by tenths:`)
  for (const key of ['page', 'gpu', 'all'] as const)
    console.log(key.padEnd(5), Array.from({ length: steps + 1 }, (_, i) => at(i)[key].toFixed(0)).join(' '))
  const later = seen.slice(Math.floor(seen.length / 3)).map((m) => m.all)
  console.log(
    `growth in the last two thirds: ${((slope(later) * later.length * 1.5 * 1024) / count).toFixed(1)} KiB a load`,
  )
}

async function peak(total: number, shard: number): Promise<void> {
  await writeLargeBundle(bundle, total, shard)
  const before = memoryNow()
  const { result, peak } = await peakOf(
    engine.run(site, work, { ...args, times: 1, wait: 3000 }, { timeout: 600_000 }),
  )
  console.log(`${name} ${backend}: ${total} MiB in shards of ${shard}, loaded in ${result.toFixed(0)} ms`)
  console.log(`before: ${shown(before)}\npeak:   ${shown(peak)} MiB`)
}

try {
  if (mode === 'peak') await peak(Number(counts[0] ?? 384), Number(counts[1] ?? 32))
  else await loads(Number(counts[0] ?? 200))
} finally {
  await engine.close()
  await site.close()
  rmSync(bundle, { recursive: true })
}
