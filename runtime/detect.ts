/**
 * What this browser, worker or process can do. The one place that reads a user agent, and only for what
 * no feature test tells: the code shape an engine likes, and workarounds of its bugs.
 */
import type { Engine } from './format.js'

/** Plain data: can be sent by `postMessage` or put in a bug report. */
export interface Capabilities {
  engine: Engine | 'unknown'
  webgpu: WebGPUCapabilities
  /** WebAssembly features, each found by validating a module that uses it. */
  wasm: Record<WasmFeature, boolean>
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

const scope = globalThis as typeof globalThis & {
  Deno?: unknown
  process?: { versions?: { node?: string } }
  crossOriginIsolated?: boolean
}

/** Node and Deno have no page; their WebGPU is Chrome's (Dawn) and Firefox's (wgpu). */
const HOST: Engine | undefined = scope.Deno ? 'gecko' : scope.process?.versions?.node ? 'chromium' : undefined

/** Asks for an adapter, tests WebAssembly, reads the user agent. */
export async function detect(options: DetectOptions = {}): Promise<Capabilities> {
  const memory = memoryOf(agent())
  const isolated = scope.crossOriginIsolated ?? HOST !== undefined
  return {
    engine: HOST ?? engineOf(agent()),
    webgpu: await detectWebGPU(options),
    wasm: detectWasm(isolated),
    crossOriginIsolated: isolated,
    ...(memory === undefined ? {} : { memory }),
  }
}

const ENGINES: readonly (readonly [RegExp, Engine])[] = [
  [/Firefox\//, 'gecko'],
  [/Chrom(e|ium)\//, 'chromium'],
  // Every browser on iOS, whatever it is called.
  [/AppleWebKit/, 'webkit'],
]

/** What of `navigator` is looked at. */
export interface Agent {
  userAgent?: string
  maxTouchPoints?: number
  /** GiB, roughly. */
  deviceMemory?: number
}

const agent = (): Agent => globalThis.navigator ?? {}

export function engineOf({ userAgent = '' }: Agent): Engine | 'unknown' {
  return ENGINES.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'unknown'
}

const GiB = 2 ** 30
/** Browsers tell no more than this of a machine that has more. */
const MOST_TOLD = 8

export function memoryOf({ userAgent = '', maxTouchPoints = 0, deviceMemory }: Agent): number | undefined {
  // A tab on iOS is killed near 1.5 GB, GPU memory included. An iPad says it is a Mac, with fingers.
  if (/iP(hone|ad|od)/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1)) return GiB
  return deviceMemory && deviceMemory < MOST_TOLD ? deviceMemory * GiB : undefined
}

async function detectWebGPU(options: DetectOptions): Promise<WebGPUCapabilities> {
  const none = {
    available: false,
    features: [],
    wgsl: [],
    limits: {},
    info: {},
    software: false,
    nudge: false,
  }
  const gpu = gpuOf(options)
  if (!gpu) return { ...none, reason: 'there is no navigator.gpu' }
  let adapter: GPUAdapter | null
  try {
    adapter = await requestAdapter(gpu, options)
  } catch (e) {
    return { ...none, reason: `requestAdapter failed: ${(e as Error).message}` }
  }
  if (!adapter) return { ...none, reason: 'requestAdapter found no adapter' }
  const limits: Record<string, number> = {}
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits]
    if (typeof value === 'number') limits[name] = value
  }
  const info: Record<string, string | number> = {}
  for (const name of INFO) {
    const value = adapter.info?.[name]
    if (value !== undefined) info[name] = value
  }
  return {
    available: true,
    features: [...adapter.features].sort(),
    wgsl: [...(gpu.wgslLanguageFeatures ?? [])].sort(),
    limits,
    info,
    software: isSoftware(adapter),
    nudge: !HOST && engineOf(agent()) === 'gecko',
  }
}

export function gpuOf(options: DetectOptions): GPU | undefined {
  return options.gpu === undefined ? globalThis.navigator?.gpu : (options.gpu ?? undefined)
}

export function requestAdapter(gpu: GPU, options: DetectOptions): Promise<GPUAdapter | null> {
  return gpu.requestAdapter({ powerPreference: options.powerPreference ?? 'high-performance' })
}

const INFO = [
  'vendor',
  'architecture',
  'device',
  'description',
  'subgroupMinSize',
  'subgroupMaxSize',
] as const

function isSoftware(adapter: GPUAdapter): boolean {
  const { vendor = '', architecture = '', device = '', description = '' } = adapter.info ?? {}
  return (
    !!adapter.info?.isFallbackAdapter ||
    /swiftshader|llvmpipe|lavapipe|software|\bwarp\b|basic render/i.test(
      [vendor, architecture, device, description].join(' '),
    )
  )
}

const SIMD = 0xfd
/** i32.const 0, i8x16.splat. */
const V = [0x41, 0, SIMD, 0x0f]

/** Whether a module with one function, of that result type and body, is valid here. */
function takes(resultType: number, body: number[], memory: number[] = []): boolean {
  return WebAssembly.validate(
    new Uint8Array([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...[1, 5, 1, 0x60, 0, 1, resultType],
      ...[3, 2, 1, 0],
      ...(memory.length ? [5, memory.length + 1, 1, ...memory] : []),
      ...[10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b],
    ]),
  )
}

/** In this engine a worker that starts workers may hang for good in their constructor (ESR 153: once in ten starts). */
const hangs = () => engineOf(agent()) === 'gecko' && 'WorkerGlobalScope' in globalThis

function detectWasm(isolated: boolean): Record<WasmFeature, boolean> {
  const shared = typeof SharedArrayBuffer === 'function' && isolated && !hangs()
  return {
    // i8x16.popcnt: in the final instruction set, not in the early ones.
    simd128: takes(0x7b, [...V, SIMD, 0x62]),
    // The very instructions that kernels use: i16x8.relaxed_dot_i8x16_i7x16_s, i32x4.…_add_s, f32x4.relaxed_madd.
    'relaxed-simd': takes(0x7b, [
      ...[...V, ...V, SIMD, 0x92, 2],
      ...[...V, ...V, SIMD, 0x93, 2],
      ...[...V, ...V, SIMD, 0x85, 2],
    ]),
    // i32.atomic.load of a shared memory.
    threads: shared && takes(0x7f, [0x41, 0, 0xfe, 0x10, 2, 0], [3, 1, 1]),
    // i32.load at a 64-bit address.
    memory64: takes(0x7f, [0x42, 0, 0x28, 2, 0], [4, 1]),
  }
}
