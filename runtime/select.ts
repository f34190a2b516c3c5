/** Which variant of a bundle to run here. Pure: everything it looks at is in its arguments. */
import type { Capabilities, WasmFeature } from './detect.js'
import { type Candidate, noneRuns } from './errors.js'
import type { Manifest, Variant } from './format.js'

export interface SelectOptions {
  /** auto: WebGPU where a real GPU is behind it, else WebAssembly. */
  backend?: 'auto' | 'webgpu' | 'wasm' | undefined
  /** This variant, or none. */
  variant?: string | undefined
  /** Only the variants of this target (chrome, safari-ios …), in the target's order. */
  target?: string | undefined
  /**
   * Workers that compute, where that is WebAssembly and the page is cross-origin isolated. 0: none, the calling thread
   * does. Default: one a core, up to a number beyond which more were measured to be no faster.
   */
  threads?: number | undefined
}

export interface Selection {
  /** The best variant's id. */
  variant: string
  /** All that fit, best first: what to try next should the best be refused after all. */
  ranked: string[]
  /** Every variant of the bundle, and why it was taken or not. */
  reasons: Candidate[]
}

/**
 * The best variant: first those made for this engine, in the order of the manifest's targets, then any
 * other whose needs are met, WebAssembly last; before WebGPU only when that is computed on the CPU anyway.
 * Throws UnsupportedError, with every variant and its reason, when nothing fits.
 */
export function selectVariant(
  manifest: Manifest,
  capabilities: Capabilities,
  options: SelectOptions = {},
): Selection {
  const { backend = 'auto' } = options
  const why = new Map<string, string>()
  const fitting = inOrder(manifest).filter((id) => {
    const reason =
      refusedByOptions(manifest, id, options) ??
      refusedByNeeds(manifest.variants[id] as Variant, capabilities, options.variant)
    if (reason) why.set(id, reason)
    return !reason
  })
  const software = capabilities.webgpu.software && backend === 'auto' && !options.variant
  const cost = (id: string): number => {
    const v = manifest.variants[id] as Variant
    const last = software ? 'webgpu' : 'wasm'
    // Of WebAssembly, what uses more: a list may hold a variant for engines that have less.
    const spare = v.backend === 'wasm' ? 1 / (1 + v.features.length) : 0
    return (v.backend === last ? 2 : 0) + (v.engine && v.engine !== capabilities.engine ? 1 : spare)
  }
  const order = options.target ? [...(own(manifest.targets, options.target) ?? [])] : fitting
  const ranked = order.filter((id) => fitting.includes(id))
  // Stable: the order of the targets stands within a rank.
  const rank = options.target ? (id: string) => cost(id) & 2 : cost
  ranked.sort((a, b) => rank(a) - rank(b))
  const reasons = inOrder(manifest).map((id) => {
    const ok = !why.has(id)
    return { id, ok, why: why.get(id) ?? (id === ranked[0] ? 'taken' : 'fits, but another comes first') }
  })
  const variant = ranked[0]
  if (variant !== undefined) return { variant, ranked, reasons }
  throw noneRuns(reasons)
}

/** Every variant once: those that targets name, in their order, then the rest. */
function inOrder(manifest: Manifest): string[] {
  return [...new Set([...Object.values(manifest.targets).flat(), ...Object.keys(manifest.variants)])]
}

function refusedByOptions(manifest: Manifest, id: string, options: SelectOptions): string | undefined {
  const { backend = 'auto', variant, target } = options
  if (variant !== undefined && variant !== id) return `variant ${variant} was asked for`
  if (target !== undefined) {
    const list = own(manifest.targets, target)
    if (!list) return `the bundle has no target ${target}; it has ${Object.keys(manifest.targets).join(', ')}`
    if (!list.includes(id)) return `not in target ${target}`
  }
  if (backend !== 'auto' && manifest.variants[id]?.backend !== backend)
    return `backend ${backend} was asked for`
  if (options.threads === 0 && manifest.variants[id]?.features.includes('threads'))
    return 'needs workers, and there are to be none'
  return undefined
}

function refusedByNeeds(v: Variant, c: Capabilities, asked: string | undefined): string | undefined {
  const { webgpu, wasm, memory } = c
  if (v.backend === 'webgpu' && !webgpu.available) return `no WebGPU: ${webgpu.reason ?? 'unknown reason'}`
  // What is tuned for other devices runs here, too, but is only taken when it is asked for.
  if (!asked && v.vendors?.includes(webgpu.info.vendor as string) === false) return `tuned for ${v.vendors}`
  const has =
    v.backend === 'webgpu'
      ? (f: string) => webgpu.features.includes(f) || webgpu.wgsl.includes(f)
      : (f: string) => own(wasm, f as WasmFeature) === true
  const missing = v.features.filter((f) => !has(f))
  if (missing.length) return `needs ${missing.join(', ')}`
  for (const [name, need] of Object.entries(v.backend === 'webgpu' ? v.limits : {})) {
    const here = own(webgpu.limits, name) ?? 0
    // Alignments are better when they are smaller.
    if (name.startsWith('min') ? here > need : here < need) return `needs ${name} ${need}, here it is ${here}`
  }
  if (memory !== undefined && v.memory > memory) return `needs ${mb(v.memory)}, here a page has ${mb(memory)}`
  return undefined
}

const mb = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`

/** A bundle is untrusted: `constructor` is no variant. */
function own<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
