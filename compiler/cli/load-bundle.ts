/** Loads a bundle in Node, on Dawn or WebAssembly, and can say why on which. */

import { availableParallelism } from 'node:os'
import type { Manifest } from '../../runtime/format.js'
import { type LoadOptions, load, type Model } from '../../runtime/index.js'
import { USEFUL_THREADS } from '../../runtime/wasm-team.js'
import { fail } from '../errors.js'
import { nearest } from '../import/nearest.js'
import { readManifest, readPlan } from './bundle.js'
import { openDawn, type Probe, probeDawn } from './dawn.js'
import { folderSource } from './folder-source.js'
import { nodeWorkers } from './node-workers.js'
import { bytes, tell } from './output.js'

/** auto: Dawn when a real GPU is behind it, else WebAssembly. */
export type Backend = 'auto' | 'dawn' | 'wasm'

export interface LoadRequest {
  folder: string
  backend: Backend
  variant?: string | undefined
  /** Threads that compute on WebAssembly; 1: this one. Default: one a core. */
  threads?: number | undefined
  signal: AbortSignal
  verbose?: boolean | undefined
  /** What of the runtime's own options the caller needs. */
  options: Pick<LoadOptions, 'tokenizer' | 'programs' | 'features'>
}

export interface Loaded {
  model: Model
  manifest: Manifest
  backend: 'dawn' | 'wasm'
  /** Why this backend and variant. */
  why: string
}

export async function loadBundle(request: LoadRequest): Promise<Loaded> {
  const { folder, variant, signal } = request
  const manifest = await readManifest(folder)
  await checkWeights(folder, manifest)
  const backend = variant === undefined ? request.backend : backendOf(manifest, variant, request.backend)
  const probe = backend === 'wasm' ? undefined : await probeDawn(signal)
  signal.throwIfAborted()
  if (backend === 'dawn' && !probe?.adapter) fail('WGC627', [probe?.why ?? 'unknown reason'])
  const gpu = probe?.adapter ? await openDawn() : null
  const start = performance.now()
  const model = await load(folderSource(folder), {
    ...request.options,
    backend: backend === 'dawn' ? 'webgpu' : backend,
    ...{ gpu, variant, signal, worker: nodeWorkers() },
    threads:
      request.threads === 1 ? 0 : (request.threads ?? Math.min(availableParallelism(), USEFUL_THREADS)),
    onProgress: progress(request.verbose),
  })
  if (request.verbose) tell(`wgc: loaded in ${Math.round(performance.now() - start)} ms`)
  const used = model.backend === 'webgpu' ? 'dawn' : 'wasm'
  return { model, manifest, backend: used, why: why(model, backend, probe) }
}

/** A preset's bundle would run, and compute nothing but zeros. */
async function checkWeights(folder: string, manifest: Manifest): Promise<void> {
  const [variant] = Object.keys(manifest.variants)
  const plan = variant === undefined ? undefined : await readPlan(folder, manifest, variant)
  if (plan?.buffers.some((b) => b.kind === 'weights') && plan.shards.length === 0)
    fail('WGC628', [], { place: { file: folder } })
}

/** The backend of a variant that was named; --backend must not contradict it. */
function backendOf(manifest: Manifest, variant: string, asked: Backend): Backend {
  const ids = Object.keys(manifest.variants)
  const found = ids.includes(variant)
    ? manifest.variants[variant]!
    : fail('WGC623', [variant, ids, nearest(variant, ids)])
  const backend = found.backend === 'webgpu' ? 'dawn' : 'wasm'
  if (asked !== 'auto' && asked !== backend)
    fail('WGC106', [`--variant ${variant}`, `--backend ${asked}`, `that variant runs on ${backend}`])
  return backend
}

function why(
  { variant, reasons, capabilities, backend }: Model,
  asked: Backend,
  probe: Probe | undefined,
): string {
  const taken = reasons.findIndex((r) => r.id === variant)
  const better = reasons.slice(0, taken).filter((r) => !r.ok)
  const refused = better.map((r) => `${r.id} ${r.why.split('\n')[0]}`)
  if (asked !== 'auto')
    return [`${asked} was asked for`, ...refused.filter((r) => !r.includes('asked for'))].join('; ')
  const { software } = capabilities.webgpu
  if (!probe?.adapter) return `no GPU: ${probe?.why ?? 'unknown reason'}`
  if (software && backend === 'wasm') return `WebGPU is computed on the CPU here (${probe.adapter})`
  return [`GPU ${probe.adapter}`, ...refused].join('; ')
}

/** A line on stderr that is written over, where a person looks on. */
function progress(verbose: boolean | undefined): LoadOptions['onProgress'] {
  if (verbose || !process.stderr.isTTY) return undefined
  let shown = 0
  return ({ phase, loaded, total }) => {
    const now = performance.now()
    if (phase === 'ready') process.stderr.write('\r\x1b[K')
    else if (phase === 'download' && now - shown > 100) {
      shown = now
      process.stderr.write(`\r\x1b[Kloading ${bytes(loaded)} of ${bytes(total)}`)
    }
  }
}
