/**
 * wgc's wasm kernels beside those of onnxruntime-web, TensorFlow.js and wllama, and the machine's ceilings: one run
 * in one Chromium, medians of rounds in which everybody has a turn.
 *
 *     npm run build && npm --prefix tests/bench/peers ci
 *     node tests/run.mjs tests/bench/wasm/main.ts [--json FILE] [--only REGEX] [--threads 1,2] [--rounds 7]
 *         [--ms 100] [--model FOLDER] [--peers ours,ort,tfjs,wllama] [--gpu] [--software]
 *
 * `--gpu`: whole models on WebGPU instead, all in this Chromium; a contestant that can't is left out, and said to be.
 * `--software`: on SwiftShader.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '../../../compiler/root.js'
import { serve } from '../../helpers/server.js'
import { type Open, openChromium } from './browser.js'
import { type Entry, entriesOf, peersFolder, writeCeilings } from './files.js'
import type { Ceilings } from './pages/ceilings.js'
import type { Contest } from './pages/contest.js'
import { ceilingOf, GPU, type Work, works } from './rows.js'
import { type Result, summary, table } from './table.js'

const { values: options } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string', default: '.' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '7' },
    ms: { type: 'string', default: '100' },
    model: { type: 'string', default: join(packageRoot(), '../shared/models/books-14m') },
    peers: { type: 'string', default: 'ours,ort,tfjs,wllama' },
    gpu: { type: 'boolean', default: false },
    software: { type: 'boolean', default: false },
  },
})

type InPage = { contest: Contest }
type InCeilings = { contest: Ceilings }

const median = (list: number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]!

/** Whether a contestant does what it was asked; if not, it is said. */
const left = (entry: Entry, work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    (e: Error) => {
      console.log(`*** LEFT OUT: ${entry.peer} ${entry.how}: ${e.message.split('\n')[0]} ***`)
      return false
    },
  )

/** Every entry has a turn each round; the ceiling has one as well. */
async function race(work: Work, entries: Entry[], threads: number, browser: Open): Promise<Result> {
  const [rounds, ms] = [Number(options.rounds), Number(options.ms)]
  const taken: { entry: Entry; times: Record<string, number[]> }[] = []
  const pageOf = async (entry: Entry) => (await browser.page(entry.peer, threads)).page
  const id = (entry: Entry) => `${work.name} ${entry.how}`
  for (const entry of entries) {
    const page = await pageOf(entry)
    const load = page.evaluate(
      ([id, work, files]) => (globalThis as unknown as InPage).contest.load(id, work, files),
      [id(entry), work, entry.files] as const,
    )
    if (threads !== GPU) await load
    else if (!(await left(entry, load))) continue
    taken.push({ entry, times: {} })
  }
  const kind = ceilingOf(work)
  const ceilings: number[] = []
  // The first rounds run in a baseline compiler's code; a model's one round is many steps.
  for (let round = work.kind === 'model' ? -1 : -2; round < rounds; round++) {
    for (const { entry, times } of [...taken]) {
      const page = await pageOf(entry)
      const measured = page.evaluate(
        ([id, ms]) => (globalThis as unknown as InPage).contest.measure(id, ms),
        [id(entry), ms] as const,
      )
      if (threads === GPU && !(await left(entry, measured))) {
        taken.splice(
          taken.findIndex((t) => t.entry === entry),
          1,
        )
        continue
      }
      const parts = await measured
      if (round >= 0) for (const [part, t] of Object.entries(parts)) times[part] = [...(times[part] ?? []), t]
    }
    if (!kind || work.kind === 'model') continue
    const { page } = await browser.page('ceilings', threads)
    const measured = await page.evaluate(
      ([kind, ms]) => (globalThis as unknown as InCeilings).contest.measure(kind, ms),
      [kind, ms] as const,
    )
    if (round >= 0) ceilings.push(measured)
  }
  for (const { entry } of taken)
    await (await pageOf(entry)).evaluate(
      (id) => (globalThis as unknown as InPage).contest.close(id),
      id(entry),
    )
  return {
    work,
    threads,
    ceiling: kind && ceilings.length ? { kind, value: median(ceilings) } : undefined,
    entries: taken.map(({ entry: { peer, how }, times }) => ({
      peer,
      how,
      ms: Object.fromEntries(Object.entries(times).map(([part, list]) => [part, median(list)])),
      least: Object.fromEntries(Object.entries(times).map(([part, list]) => [part, Math.min(...list)])),
      most: Object.fromEntries(Object.entries(times).map(([part, list]) => [part, Math.max(...list)])),
    })),
  }
}

/** tfjs' backend here is wasm's. */
const peers = options.peers.split(',').filter((p) => !options.gpu || p !== 'tfjs')
const out = mkdtempSync(join(tmpdir(), 'wgc-bench-'))
const compiled = new URL('../../..', import.meta.url).pathname
const site = await serve({
  '/out': out,
  '/dist': join(packageRoot(), 'dist'),
  '/bench': compiled,
  '/peers': peersFolder(),
})
const browser = await openChromium(site.url, options)
try {
  if (!options.gpu) await writeCeilings(out)
  const only = new RegExp(options.only)
  const results: Result[] = []
  const machine = {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    chromium: browser.version,
    load: loadavg()[0],
  }
  for (const work of works(options.model).filter(
    (w) => only.test(w.name) && (!options.gpu || w.kind === 'model'),
  )) {
    const all = await entriesOf(work, out, 'chrome')
    const entries = all.filter((e) => peers.includes(e.peer))
    for (const threads of options.gpu ? [GPU] : options.threads.split(',').map(Number)) {
      const result = await race(work, entries, threads, browser)
      results.push(result)
      console.log(summary(result))
    }
  }
  const about: Record<string, unknown> = {}
  for (const peer of peers)
    about[peer] = (await browser.page(peer as Entry['peer'], options.gpu ? GPU : 1)).about
  const run = { ...machine, loadAfter: loadavg()[0], about, results }
  console.log(`\n${table(results)}`)
  if (options.json) writeFileSync(options.json, `${JSON.stringify(run, null, 1)}\n`)
} finally {
  await browser.close()
  await site.close()
  rmSync(out, { recursive: true, force: true })
}
