/**
 * What this browser, worker or process can do. The one place that reads a user agent, and only for what
 * no feature test tells: the code shape an engine likes, and workarounds of its bugs.
 */
import type { Engine } from './format.js'
import type { Report } from './inspect/report.js'

/** Plain data: can be sent by `postMessage` or put in a bug report. */
export interface Capabilities {
  engine: Engine | 'unknown'
  webgpu: WebGPUCapabilities
  /** WebAssembly features, each found by validating a module that uses it; empty where there is no WebAssembly. */
  wasm: Partial<Record<WasmFeature, boolean>>
  crossOriginIsolated: boolean
  /** Bytes a model may take here, where the browser gives a hint. */
  memory?: number
}

export interface WebGPUCapabilities {
  available: boolean
  /** Why it isn't available. */
  reason?: string
  features: string[]
  /** WGSL language extensions. */
  wgsl: string[]
  limits: Record<string, number>
  info: Record<string, string | number>
  /** The adapter computes on the CPU: correct, but slower than WebAssembly. */
  software: boolean
  /** A pending `mapAsync` is only noticed when something is submitted. */
  nudge: boolean
}

export type WasmFeature = 'simd128' | 'relaxed-simd' | 'threads' | 'memory64'

export interface DetectOptions {
  /** `navigator.gpu` unless given: in Node, what `create()` of the npm package `webgpu` returns. */
  gpu?: GPU | null | undefined
  powerPreference?: GPUPowerPreference | undefined
}

export const scope = globalThis as typeof globalThis & {
  Deno?: unknown
  process?: { versions?: { node?: string } }
  crossOriginIsolated?: boolean
}

/** Node and Deno have no page; their WebGPU is Chrome's (Dawn) and Firefox's (wgpu). */
export const HOST: Engine | undefined = scope.Deno
  ? 'gecko'
  : scope.process?.versions?.node
    ? 'chromium'
    : undefined

/** Asks for an adapter, tests WebAssembly, reads the user agent. Throws nothing: what is absent says its `reason`. */
export async function detect(options?: DetectOptions & { full?: false }): Promise<Capabilities>
/** And whatever else explains how a model runs here: imports `inspect.js`, and takes up to two seconds. */
export async function detect(options: DetectOptions & { full: true }): Promise<Report>
export async function detect(options: DetectOptions & { full?: boolean } = {}): Promise<Capabilities> {
  const memory = memoryOf(agent())
  const isolated = scope.crossOriginIsolated ?? HOST !== undefined
  const found: Capabilities = {
    engine: HOST ?? engineOf(agent()),
    webgpu: await detectWebGPU(options),
    wasm: detectWasm(isolated),
    crossOriginIsolated: isolated,
    ...(memory === undefined ? {} : { memory }),
  }
  return options.full ? (await import('./inspect.js')).inspect(found, options) : found
}

/** What of `navigator` is looked at. */
export interface Agent {
  userAgent?: string
  maxTouchPoints?: number
  /** GiB, roughly. */
  deviceMemory?: number
}

const agent = (): Agent => globalThis.navigator ?? {}

export function engineOf({ userAgent = '' }: Agent): Engine | 'unknown' {
  if (/Firefox\//.test(userAgent)) return 'gecko'
  if (/Chrom(e|ium)\//.test(userAgent)) return 'chromium'
  // Every browser on iOS, whatever it is called.
  return /AppleWebKit/.test(userAgent) ? 'webkit' : 'unknown'
}

export const GiB = 2 ** 30
/** Browsers tell no more than this of a machine that has more. */
const MOST_TOLD = 8

export function memoryOf({ userAgent = '', maxTouchPoints = 0, deviceMemory }: Agent): number | undefined {
  // A tab on iOS is killed near 1.5 GB, GPU memory included. An iPad says it is a Mac, with fingers.
  if (/iP(hone|ad|od)/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1)) return GiB
  return deviceMemory && deviceMemory < MOST_TOLD ? deviceMemory * GiB : undefined
}

async function detectWebGPU(options: DetectOptions): Promise<WebGPUCapabilities> {
  const gpu = gpuOf(options)
  let adapter: GPUAdapter | null | undefined
  let reason = gpu ? 'requestAdapter found no adapter' : 'there is no navigator.gpu'
  try {
    adapter = gpu && ((await requestAdapter(gpu, options)) ?? (await askAgain(gpu, options)))
  } catch (e) {
    reason = `requestAdapter failed: ${(e as Error).message}`
  }
  const info = plain(adapter?.info)
  return {
    available: !!adapter,
    ...(!adapter && { reason }),
    features: [...(adapter?.features ?? [])].sort(),
    wgsl: [...((adapter && gpu?.wgslLanguageFeatures) ?? [])].sort(),
    limits: plain(adapter?.limits) as Record<string, number>,
    info,
    software:
      !!adapter?.info?.isFallbackAdapter ||
      /swiftshader|llvmpipe|software|\bwarp\b|basic render/i.test(Object.values(info).join(' ')),
    nudge: !HOST && engineOf(agent()) === 'gecko',
  }
}

/** What a platform object says of itself: its strings and numbers. */
export function plain(object: object = {}): Record<string, string | number> {
  const found: Record<string, string | number> = {}
  for (const name in object) {
    const value = object[name as never] as unknown
    if (typeof value === 'number' || typeof value === 'string') found[name] = value
  }
  return found
}

export function gpuOf(options: DetectOptions): GPU | undefined {
  return options.gpu === undefined ? globalThis.navigator?.gpu : (options.gpu ?? undefined)
}

const PATIENCE_MS = 10_000

/** The adapter. None, too, where a GPU process that dies again and again leaves the question open. */
export function requestAdapter(
  gpu: GPU,
  { powerPreference = 'high-performance' }: DetectOptions,
): Promise<GPUAdapter | null> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(resolve, PATIENCE_MS, null)
    gpu
      .requestAdapter({ powerPreference })
      .then(resolve, reject)
      .finally(() => clearTimeout(late))
  })
}

const AGAIN_MS = 250

/** A page that opens with its browser may be told of no adapter before the GPU process has found one. */
async function askAgain(gpu: GPU, options: DetectOptions): Promise<GPUAdapter | null> {
  // Who gives a GPU of their own has waited for it.
  if (options.gpu) return null
  await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  return requestAdapter(gpu, options)
}

/**
 * Whose GPU it is, where that is certain: by its name; where an engine masks the names, by the sets of limits that it
 * gives Apple's alone, and AMD's with 64 KiB.
 */
export function vendorOf({ engine, webgpu: { info, limits } }: Capabilities): string | undefined {
  if (info.vendor || engine !== 'gecko' || limits.maxStorageBufferBindingSize !== GiB)
    return info.vendor as string
  if (limits.maxStorageBuffersPerShaderStage! < 10) return 'apple'
  return limits.maxComputeWorkgroupStorageSize === 2 ** 16 ? 'amd' : undefined
}

const SIMD = 0xfd
/** i32.const n, i8x16.splat. */
const splat = (n: number) => [0x41, n, SIMD, 0x0f]
const V = splat(0)

/** A module with one function `f`, of that result type and body. */
const moduleOf = (resultType: number, body: number[], memory: number[] = []) =>
  new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 5, 1, 0x60, 0, 1, resultType],
    ...[3, 2, 1, 0],
    ...(memory.length ? [5, memory.length + 1, 1, ...memory] : []),
    ...[7, 5, 1, 1, 0x66, 0, 0],
    ...[10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b],
  ])

/** Whether it is valid here. */
const takes = (...module: Parameters<typeof moduleOf>) => WebAssembly.validate(moduleOf(...module))

/** i32x4.relaxed_dot_i8x16_i7x16_add_s, first lane: 4 · 2 · 3 + 1. */
const DOT = [...splat(2), ...splat(3), 0x41, 1, SIMD, 0x11, SIMD, 0x93, 2, SIMD, 0x1b, 0]

/**
 * The very instructions that kernels use: i16x8.relaxed_dot_i8x16_i7x16_s, f32x4.relaxed_madd, and the dot product. That
 * one is run as well: V8 11 takes it and computes something else.
 */
function relaxed(): boolean {
  if (!takes(0x7b, [...V, ...V, SIMD, 0x92, 2, ...V, ...V, SIMD, 0x85, 2]) || !takes(0x7f, DOT)) return false
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleOf(0x7f, DOT)))
    return (exports.f as () => number)() === 25
  } catch {
    // A page's policy may forbid to compile anything at all; no variant of WebAssembly runs then.
    return false
  }
}

/** In this engine a worker that starts workers may hang for good in their constructor (ESR 153: once in ten starts). */
const hangs = () => engineOf(agent()) === 'gecko' && 'WorkerGlobalScope' in globalThis

function detectWasm(isolated: boolean): Capabilities['wasm'] {
  if (!globalThis.WebAssembly) return {}
  const shared = typeof SharedArrayBuffer === 'function' && isolated && !hangs()
  return {
    // i8x16.popcnt: in the final instruction set, not in the early ones.
    simd128: takes(0x7b, [...V, SIMD, 0x62]),
    'relaxed-simd': relaxed(),
    // i32.atomic.load of a shared memory.
    threads: shared && takes(0x7f, [0x41, 0, 0xfe, 0x10, 2, 0], [3, 1, 1]),
    // i32.load at a 64-bit address.
    memory64: takes(0x7f, [0x42, 0, 0x28, 2, 0], [4, 1]),
  }
}
