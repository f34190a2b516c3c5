/**
 * wgc's wasm kernels beside those of onnxruntime-web, TensorFlow.js and wllama, and the machine's ceilings: one run
 * in one Chromium, medians of rounds in which everybody has a turn.
 *
 *     npm run build && npm --prefix tests/bench/peers ci
 *     node tests/run.mjs tests/bench/wasm/main.ts [--json FILE] [--only REGEX] [--threads 1,2] [--rounds 7]
 *         [--ms 100] [--model FOLDER|PRESET] [--peers ours,ort,tfjs,wllama] [--prompt 128] [--decode 32]
 *         [--gpu] [--software] [--variants all] [--chromium FILE] [--flags "…"] [--profile FOLDER] [--files FOLDER]
 *
 * `--gpu`: whole models on WebGPU instead, all in this Chromium; a contestant that can't is left out, and said to be.
 * `--software`: on SwiftShader. `--variants`: wgc's alone, by variant (ids, or what they end in): load, first token,
 * tokens a second, the page's thread, frames; `--prompt` then takes several, and `--group`, `--context`, `--self-test`
 * are told. A preset runs on zeros. `--flags`: more of Chromium's switches. `--profile`: what it remembers lies there,
 * for a second visit. `--files`: bundles and others' files are made there, and bundles found there are taken.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { packageRoot } from '../../../compiler/root.js'
import { serve } from '../../helpers/server.js'
import { type Open, openChromium } from './browser.js'
import { type Entry, entriesOf, modelBundle, peersFolder, slug, writeCeilings } from './files.js'
import type { Ceilings } from './pages/ceilings.js'
import type { Contest } from './pages/contest.js'
import { ceilingOf, GPU, type ModelWork, type Work, works } from './rows.js'
import { type Result, summary, table } from './table.js'
import { variantsOf } from './variants.js'

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
    variants: { type: 'string' },
    prompt: { type: 'string', default: '128' },
    decode: { type: 'string', default: '32' },
    group: { type: 'string', default: '32' },
    context: { type: 'string' },
    'self-test': { type: 'boolean', default: false },
    chromium: { type: 'string' },
    flags: { type: 'string', default: '' },
    profile: { type: 'string' },
    files: { type: 'string' },
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

const prompts = options.prompt.split(',').map(Number)
const length = { prompt: prompts[0]!, decode: Number(options.decode) }
const making = { target: 'chrome', only: options.gpu || options.variants ? ['webgpu'] : undefined }

/** wgc's variants, of the first of the models that are asked for. */
async function variantsOnly(out: string, browser: Open): Promise<void> {
  const context = options.context === undefined ? undefined : Number(options.context)
  for (const work of asked().filter((w): w is Work & ModelWork => w.kind === 'model')) {
    const group = Number(options.group) as 32 | 64
    const bundle = slug(`${work.name} ${group} ${context ?? ''}`)
    await modelBundle({ ...work, group, ...(context && { context }) }, join(out, bundle), making)
    const about = (await browser.page('variants', GPU)).about
    console.log(`${work.name}, groups of ${group}, Chromium ${browser.version}: ${JSON.stringify(about)}`)
    const how = { wanted: options.variants!.split(','), prompts, tokens: length.decode }
    const more = { rounds: Number(options.rounds), selfTest: options['self-test'] }
    const results = await variantsOf(browser, bundle, join(out, bundle), { ...how, ...more }, console.log)
    if (options.json) writeFileSync(options.json, `${JSON.stringify({ about, results }, null, 1)}\n`)
  }
}

const asked = (): Work[] => {
  const only = new RegExp(options.only)
  return works(options.model, length).filter((w) => only.test(w.name))
}

async function all(out: string, browser: Open): Promise<void> {
  // tfjs' backend here is wasm's.
  const peers = options.peers.split(',').filter((p) => !options.gpu || p !== 'tfjs')
  if (!options.gpu) await writeCeilings(out)
  const results: Result[] = []
  const machine = {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    chromium: browser.version,
    load: loadavg()[0],
  }
  for (const work of asked().filter((w) => !options.gpu || w.kind === 'model')) {
    const part = { ...work, peers: work.peers.filter((p) => peers.includes(p)) }
    const entries = (await entriesOf(part, out, making)).filter((e) => peers.includes(e.peer))
    for (const threads of options.gpu ? [GPU] : options.threads.split(',').map(Number)) {
      const result = await race(work, entries, threads, browser)
      results.push(result)
      console.log(summary(result))
    }
  }
  const about: Record<string, unknown> = {}
  // Asked at the end: some learn only of a model what computes it.
  for (const peer of peers) {
    const { page } = await browser.page(peer as Entry['peer'], options.gpu ? GPU : 1)
    about[peer] = await page.evaluate(() => (globalThis as unknown as InPage).contest.about)
  }
  if (options.gpu) console.log(JSON.stringify(about, null, 1))
  const run = { ...machine, loadAfter: loadavg()[0], about, results }
  console.log(`\n${table(results)}`)
  if (options.json) writeFileSync(options.json, `${JSON.stringify(run, null, 1)}\n`)
}

const out = options.files ?? mkdtempSync(join(tmpdir(), 'wgc-bench-'))
mkdirSync(out, { recursive: true })
const compiled = new URL('../../..', import.meta.url).pathname
const site = await serve({
  '/out': out,
  '/dist': join(packageRoot(), 'dist'),
  '/bench': compiled,
  ...(options.variants === undefined && { '/peers': peersFolder() }),
})
const { software, chromium, profile } = options
const browser = await openChromium(site.url, {
  ...{ gpu: options.gpu || options.variants !== undefined, software },
  flags: options.flags.split(' ').filter(Boolean),
  ...(chromium !== undefined && { chromium }),
  ...(profile !== undefined && { profile }),
})
try {
  await (options.variants === undefined ? all : variantsOnly)(out, browser)
} finally {
  await browser.close()
  await site.close()
  if (options.files === undefined) rmSync(out, { recursive: true, force: true })
}
