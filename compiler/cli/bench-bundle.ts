/** What `wgc bench` measures: a folder's variants on the device at hand. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Manifest } from '../../runtime/format.js'
import { type Capabilities, detect, selectVariant } from '../../runtime/index.js'
import { USEFUL_THREADS } from '../../runtime/wasm-team.js'
import type { Result, Run } from '../bench/history.js'
import { type Measured, measure, type VariantResult } from '../bench/measure.js'
import { fail } from '../errors.js'
import { nearest } from '../import/nearest.js'
import { deviceName } from '../tune/device.js'
import type { BenchOptions } from './bench.js'
import { readManifest, readPlan } from './bundle.js'
import { dawnVersion, MEASURING, openDawn, type Probe, probeDawn } from './dawn.js'
import { folderSource } from './folder-source.js'
import { nodeWorkers } from './node-workers.js'
import type { ProgressView } from './progress.js'

export interface BenchReport extends Omit<Measured, 'results'> {
  model: string
  weights: string
  device: string
  driver: string
  /** What runs the kernels. */
  host: string
  wgc: string
  rounds: number
  results: (VariantResult & { dispatches: Record<string, number> })[]
  /** What a reader should know. */
  notes: string[]
  /** Bytes of this process at the end, all variants together. */
  rss: number
  history: { run: Run; results: Result[] }
}

/** Gives `work` the folder of a bundle: the one named, or one that is built for it and removed. */
export async function withBundle<T>(
  subject: string,
  options: BenchOptions,
  view: ProgressView,
  signal: AbortSignal,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  if (existsSync(join(subject, 'manifest.json'))) return work(subject)
  const { build } = await import('../build/build.js')
  const folder = await mkdtemp(join(tmpdir(), 'wgc-bench-'))
  try {
    const out = join(folder, 'bundle')
    const targets = [options.target ?? 'node']
    await build({ model: subject, out, targets, signal, onProgress: view.update })
    view.stop()
    return await work(out)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Names of the command line against the bundle's. */
function checkNames({ variants, targets }: Manifest, { target, variant = [] }: BenchOptions): void {
  const [ids, known] = [Object.keys(variants), Object.keys(targets)]
  if (target !== undefined && !known.includes(target))
    fail('WGC107', ['target', target, known, nearest(target, known)])
  for (const id of variant) if (id !== ALL && !ids.includes(id)) fail('WGC623', [id, ids, nearest(id, ids)])
}

const ALL = 'all'

/** Variants that were asked for, or the one that a page would take. */
function wanted(manifest: Manifest, capabilities: Capabilities, threads: number, o: BenchOptions) {
  const { target, variant: asked, backend } = o
  if (asked && !asked.includes(ALL)) return { ids: asked, refused: [] }
  const { ranked, reasons } = selectVariant(manifest, capabilities, { backend, target, threads })
  const refused = reasons.filter((r) => !r.ok).map((r) => ({ variant: r.id, why: r.why }))
  return asked ? { ids: ranked, refused } : { ids: ranked.slice(0, 1), refused: [] }
}

const ALONE = 'computes on the CPU: times say little of a GPU'

/** Measures a bundle. Throws WGC627 where WebGPU is asked for and absent, and what loading and running do. */
export async function benchBundle(
  folder: string,
  options: BenchOptions,
  view: ProgressView,
  signal: AbortSignal,
): Promise<BenchReport> {
  const manifest = await readManifest(folder)
  checkNames(manifest, options)
  const backends = new Set((options.variant ?? []).map((id) => manifest.variants[id]?.backend ?? 'webgpu'))
  const needsGpu = options.backend === 'webgpu' || (options.variant?.[0] !== ALL && backends.has('webgpu'))
  const noGpu = options.backend === 'wasm' || (backends.size === 1 && backends.has('wasm'))
  const dawn = options.experiments ? MEASURING : []
  const probe: Probe | undefined = noGpu ? undefined : await probeDawn(signal)
  signal.throwIfAborted()
  if (needsGpu && !probe?.adapter) fail('WGC627', [probe?.why ?? 'unknown reason'])
  const gpu = probe?.adapter ? await openDawn(dawn) : undefined
  const threads =
    options.threads === 1 ? 0 : (options.threads ?? Math.min(availableParallelism(), USEFUL_THREADS))
  const capabilities = await detect({ gpu: gpu ?? null })
  const { ids, refused } = wanted(manifest, capabilities, threads, options)
  const first = Object.keys(manifest.variants)[0]!
  const plan = await readPlan(folder, manifest, first)
  const empty = plan.buffers.some((b) => b.kind === 'weights') && plan.shards.length === 0
  const { prompt, tokens, rounds } = options
  const measured = await measure({
    ...{ manifest, variants: ids, gpu, prompt, tokens, rounds, signal },
    source: () => folderSource(folder),
    load: { threads, worker: nodeWorkers() },
    onProgress: (done, total) => view.update({ stage: 'bench', done, total }),
  })
  const results = await Promise.all(
    measured.results.map(async (r) => ({
      ...r,
      dispatches: await dispatchesOf(folder, manifest, r.variant),
    })),
  )
  const info = results.find((r) => r.info)?.info
  const device = info ? deviceName(info) : cpus()[0]?.model.trim()
  const shared = {
    device: device || 'unknown',
    driver: info ? ((info as { driver?: string }).driver ?? info.description) : `${threads || 1} threads`,
    host: info ? dawnVersion() : `Node ${process.version}`,
    wgc: manifest.wgc,
  }
  const model = manifest.model.name
  const { weights } = manifest.model
  return {
    ...{ model, weights, ...shared, rounds, work: measured.work, results },
    refused: [...refused, ...measured.refused],
    notes: [
      ...(empty ? ['the bundle has no weights: times of zeros, which some devices compute faster'] : []),
      ...(info && capabilities.webgpu.software ? [`${device} ${ALONE}`] : []),
      ...results
        .filter((r) => r.differs)
        .map((r) => `${r.variant} differs from ${results[0]!.variant}: ${r.differs}`),
    ],
    rss: process.memoryUsage.rss(),
    history: {
      run: { run: options.run ?? new Date().toISOString(), ...shared },
      results: results.flatMap((r) =>
        r.metrics.map(({ name, unit, value, spread }) => ({
          ...{
            engine: r.variant,
            name: `${model} ${weights}, ${measured.work}: ${name}`,
            unit,
            value,
            spread,
          },
        })),
      ),
    },
  }
}

/** Of every program that a step runs. */
async function dispatchesOf(folder: string, manifest: Manifest, id: string): Promise<Record<string, number>> {
  const { programs } = await readPlan(folder, manifest, id)
  return Object.fromEntries(Object.entries(programs).map(([name, p]) => [name, p.dispatches.length]))
}
