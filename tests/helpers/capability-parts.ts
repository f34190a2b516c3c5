/**
 * What machines in the wild tell of themselves, to be put together: limits, features and wasm by what is known of
 * browsers. Keys of sources are those of targets/sources.json and ../shared/facts/sources.json.
 */
import type { Capabilities } from '../../runtime/index.js'

const GiB = 2 ** 30
const MiB = 2 ** 20

/** The specification's defaults: every core adapter has them. `spec` */
export const CORE = {
  maxStorageBufferBindingSize: 128 * MiB,
  maxBufferSize: 256 * MiB,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupsPerDimension: 65535,
  maxStorageBuffersPerShaderStage: 8,
  maxBindGroups: 4,
  maxUniformBufferBindingSize: 65536,
  minStorageBufferOffsetAlignment: 256,
}

const WIDE = {
  ...CORE,
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
  maxComputeWorkgroupSizeY: 1024,
}

const sized = (binding: number, buffer: number, more: Record<string, number> = {}) => ({
  ...{ ...WIDE, maxStorageBufferBindingSize: binding, maxBufferSize: buffer },
  ...more,
})

/** By the names that rows call them by. */
export const LIMITS = {
  /** dawn-d3d12 */
  d3d12: sized(2147483644, 2147483648, { maxStorageBuffersPerShaderStage: 16 }),
  /** dawn-metal */
  metal: sized(4294967292, 4294967292, { maxStorageBuffersPerShaderStage: 10 }),
  /** dawn-vk */
  vulkan: sized(2147483644, 2147483648, {
    maxStorageBuffersPerShaderStage: 16,
    maxComputeWorkgroupStorageSize: 49152,
  }),
  /** dawn-vk: UHD 620 told 256 invocations (wllama-229). */
  uhd: {
    ...CORE,
    maxStorageBufferBindingSize: GiB,
    maxBufferSize: GiB,
    maxComputeWorkgroupStorageSize: 32768,
  },
  /** dawn-vk: Mali, older Adreno. */
  phone: { ...CORE, maxComputeWorkgroupStorageSize: 32768 },
  core: CORE,
  /** wgpu-buckets, from here on. */
  m1: sized(GiB, GiB, { maxStorageBuffersPerShaderStage: 9, maxBindGroups: 8 }),
  m1first: sized(GiB, GiB, { maxStorageBuffersPerShaderStage: 8, maxBindGroups: 8 }),
  i1: sized(GiB / 2, GiB, { maxStorageBuffersPerShaderStage: 16, maxBindGroups: 8 }),
  a1: sized(GiB, GiB, { maxStorageBuffersPerShaderStage: 16, maxBindGroups: 8 }),
  a2: sized(GiB, GiB, {
    maxStorageBuffersPerShaderStage: 16,
    maxBindGroups: 8,
    maxComputeWorkgroupStorageSize: 65536,
  }),
  nof16: sized(GiB, GiB, {
    maxStorageBuffersPerShaderStage: 16,
    maxBindGroups: 8,
    maxComputeWorkgroupStorageSize: 49152,
  }),
  /** webkit */
  safari: sized(GiB, GiB, {
    maxStorageBuffersPerShaderStage: 44,
    maxBindGroups: 11,
    maxComputeWorkgroupSizeZ: 1024,
    minStorageBufferOffsetAlignment: 32,
  }),
  /** webkit-49472: max(256 MiB, min(1 GiB, maxBufferLength / 3)) */
  iphone: sized(256 * MiB, 256 * MiB, {
    maxStorageBuffersPerShaderStage: 44,
    maxBindGroups: 11,
    minStorageBufferOffsetAlignment: 32,
  }),
} as const

const F16 = 'shader-f16'
const SUBGROUPS = 'subgroups'
const PACKED = 'packed_4x8_integer_dot_product'

export interface Adapter {
  limits: keyof typeof LIMITS
  vendor?: string
  architecture?: string
  /** f, s, p: f16, subgroups, packed dot products; m: experimental subgroup matrices. */
  has?: string
  software?: true
  subgroups?: [min: number, max: number]
}

/** What wasm engines take. s, r, t, m: SIMD, relaxed, threads (where isolated), 64-bit addresses; undefined: no wasm. */
export interface Machine {
  engine: Capabilities['engine']
  adapter?: Adapter | string
  wasm: string | undefined
  isolated?: true
  memory?: number
}

export function capabilitiesOf({
  engine,
  adapter,
  wasm,
  isolated = false as never,
  memory,
}: Machine): Capabilities {
  const has = (letter: string) => wasm?.includes(letter) ?? false
  return {
    engine,
    webgpu: typeof adapter === 'object' ? webgpuOf(engine, adapter) : without(adapter),
    wasm:
      wasm === undefined
        ? {}
        : {
            simd128: has('s'),
            'relaxed-simd': has('r'),
            threads: has('t') && !!isolated,
            memory64: has('m'),
          },
    crossOriginIsolated: !!isolated,
    ...(memory && { memory }),
  }
}

const without = (reason = 'there is no navigator.gpu'): Capabilities['webgpu'] => ({
  ...{
    available: false,
    reason,
    features: [],
    wgsl: [],
    limits: {},
    info: {},
    software: false,
    nudge: false,
  },
})

function webgpuOf(engine: Capabilities['engine'], a: Adapter): Capabilities['webgpu'] {
  const { limits, vendor = '', architecture = '', has = '', software = false, subgroups } = a
  const on = (letter: string, name: string) => (has.includes(letter) ? [name] : [])
  const masked: [number, number] | undefined = engine === 'gecko' && !vendor ? [4, 128] : undefined
  const [min, max] = subgroups ?? masked ?? []
  return {
    available: true,
    features: [
      'core-features-and-limits',
      ...on('f', F16),
      ...on('s', SUBGROUPS),
      ...on('m', 'chromium-experimental-subgroup-matrix'),
    ],
    wgsl: on('p', PACKED),
    limits: { ...LIMITS[limits] },
    info: {
      vendor,
      architecture,
      device: '',
      description: '',
      ...(min && max && { subgroupMinSize: min, subgroupMaxSize: max }),
    },
    software,
    nudge: engine === 'gecko',
  }
}
