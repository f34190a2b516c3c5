/** Which variant of a bundle to run here. Pure: everything it looks at is in its arguments. */
import { type Capabilities, vendorOf } from './detect.js'
import { type Candidate, noneRuns, type Score } from './errors.js'
import type { Manifest, Variant } from './format.js'
import { checkSwitches, type FeatureName, type Switches } from './switches.js'

export interface SelectOptions extends Switches {
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
  /** Give each of `reasons` that fits its score, and what that is made of. */
  explain?: boolean | undefined
}

export interface Selection {
  /** The best variant's id. */
  variant: string
  /** All that fit, best first: what to try next should the best be refused after all. */
  ranked: string[]
  /** How many of its `smaller` steps down a variant has to begin: the largest that fits. */
  down: Record<string, number>
  /** Every variant of the bundle, and why it was taken or not. */
  reasons: Candidate[]
}

/**
 * The best variant: the one of the highest score, and of equal ones the first in the order of the manifest's targets.
 * So first those made for this engine, then any other whose needs are met, WebAssembly last; before WebGPU only when
 * that is computed on the CPU anyway. With `target`, its order decides within a backend.
 * Throws UnsupportedError, with every variant and its reason, when nothing fits, and RangeError for switches of names
 * that nothing has.
 */
export function selectVariant(
  manifest: Manifest,
  capabilities: Capabilities,
  options: SelectOptions = {},
): Selection {
  checkSwitches(options, capabilities.webgpu.limits)
  const all = inOrder(manifest)
  const why = new Map<string, string>()
  const down: Record<string, number> = {}
  const fitting = all.filter((id) => {
    const v = manifest.variants[id] as Variant
    const sizes = [v, ...(v.smaller ?? [])].map((size) => refusedBySize(v, size, capabilities, options))
    down[id] = sizes.indexOf(undefined)
    const reason =
      refusedByOptions(manifest, id, options) ??
      refusedByNeeds(v, capabilities, options) ??
      (down[id] < 0 ? sizes[0] : undefined)
    if (reason) why.set(id, reason)
    return !reason
  })
  const parts = (id: string) => scoreOf(manifest.variants[id] as Variant, capabilities, options)
  const score = (id: string) => Object.values(parts(id)).reduce((a, b) => a + b)
  const order = options.target ? (own(manifest.targets, options.target) ?? []) : fitting
  // Stable: the order of the targets stands among equals.
  const ranked = order.filter((id) => fitting.includes(id)).sort((a, b) => score(b) - score(a))
  const [variant] = ranked
  const reasons = all.map((id) => {
    const refused = why.get(id)
    const reason = refused ?? (id === variant ? 'taken' : 'fits, but another comes first')
    const points = options.explain && !refused && { score: score(id), parts: parts(id) }
    return { id, ok: !refused, why: reason, ...points }
  })
  if (variant !== undefined) return { variant, ranked, down, reasons }
  throw noneRuns(reasons)
}

/**
 * What speaks for a variant that fits. Each part outweighs all that come after it: the right processor, the code shape of
 * this engine, tables of this device, then whatever uses more of what is here, and leaves room.
 */
function scoreOf(v: Variant, { engine, webgpu, memory }: Capabilities, options: SelectOptions): Score {
  const { backend = 'auto', variant, target } = options
  const software = webgpu.software && backend === 'auto' && !variant
  const processor = (v.backend === 'wasm') === software ? 1000 : 0
  if (target) return { backend: processor }
  return {
    backend: processor,
    engine: !v.engine || v.engine === engine ? 100 : 0,
    tuned: v.vendors ? 20 : 0,
    features: v.features.length,
    threads: v.features.includes('threads') ? 0.5 : 0,
    memory: memory && v.memory > 0.75 * memory ? -0.25 : 0,
  }
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

function refusedByNeeds(v: Variant, c: Capabilities, options: SelectOptions): string | undefined {
  const { webgpu, wasm } = c
  const { variant, features } = options
  const gpu = v.backend === 'webgpu'
  const off = (f: string) => features?.[f as FeatureName] === false
  if (gpu && off('webgpu')) return 'WebGPU is switched off'
  if (gpu && !webgpu.available) return `no WebGPU: ${webgpu.reason ?? 'unknown reason'}`
  if (!gpu && wasm.simd128 === undefined) return 'no WebAssembly'
  // What is tuned for other devices runs here, too, but is only taken when it is asked for.
  if (!variant && v.vendors?.includes(vendorOf(c) as string) === false) return `tuned for ${v.vendors}`
  const has = (f: string) =>
    !off(f) &&
    (gpu
      ? webgpu.features.includes(f) || webgpu.wgsl.includes(f)
      : own(wasm as Record<string, boolean>, f) === true)
  const missing = v.features.filter((f) => !has(f))
  if (missing.length) return `needs ${missing.join(', ')}`
  return undefined
}

/** A variant, or one of its smaller sizes. */
function refusedBySize(
  { backend }: Variant,
  { limits: needs, memory: bytes }: Pick<Variant, 'limits' | 'memory'>,
  { webgpu, memory }: Capabilities,
  { limits }: SelectOptions,
): string | undefined {
  for (const [name, need] of Object.entries(backend === 'webgpu' ? needs : {})) {
    const found = own(webgpu.limits, name) ?? 0
    const cap = own(limits ?? {}, name) ?? found
    // Alignments are better when they are smaller.
    const sign = name.startsWith('min') ? -1 : 1
    const here = Math.min(sign * found, sign * cap)
    if (here < sign * need) return `needs ${name} ${need}, here it is ${sign * here}`
  }
  if (memory !== undefined && bytes > memory) return `needs ${mb(bytes)}, here a page has ${mb(memory)}`
  return undefined
}

const mb = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`

/** A bundle is untrusted: `constructor` is no variant. */
function own<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
