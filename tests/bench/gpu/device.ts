/**
 * This machine's GPU with every feature and limit that it has, and what those features are called in variants: by Dawn
 * in Node, by wgpu in Deno (`node tests/run.mjs --deno tests/bench/gpu/run.ts`).
 */
import { type AdapterInfo, multipliesMatrices } from '../../../compiler/tune/device.js'

export interface LargeDevice {
  device: GPUDevice
  info: AdapterInfo
  /** `node` or `deno`: whose variants are measured. */
  target: string
  /** What runs the kernels. */
  host: string
  /** Features and language features that kernels may use. */
  features: string[]
}

const FEATURES = ['chromium-experimental-subgroup-matrix', 'shader-f16', 'subgroups']
const LANGUAGE = ['packed_4x8_integer_dot_product']

const { Deno } = globalThis as { Deno?: { version: { deno: string } } }

/** wgpu, as Deno has it: features that Naga's WGSL lacks are not asked for. */
async function wgpuAdapter() {
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' })
  return adapter ? { gpu: navigator.gpu, adapter } : undefined
}

/** Dawn is not imported where there is another: it is native code. */
async function dawnAdapter() {
  return (await import('../../helpers/gpu.js')).hardwareAdapter()
}

async function hostName(): Promise<string> {
  return Deno
    ? `wgpu (Deno ${Deno.version.deno})`
    : (await import('../../../compiler/cli/dawn.js')).dawnVersion()
}

/** What runs this program: its WebGPU, what it is called, and whose variants it takes. Throws where there is no GPU but the CPU. */
export async function largeGpu() {
  const found = await (Deno ? wgpuAdapter() : dawnAdapter())
  if (!found) throw new Error('no GPU with a Vulkan driver')
  return { ...found, target: Deno ? 'deno' : 'node', host: await hostName() }
}

/** Throws where there is no GPU but the CPU. WGC_FEATURES: of the features, these alone. */
export async function largeDevice(): Promise<LargeDevice> {
  const { adapter, gpu, target, host } = await largeGpu()
  const info = adapter.info as AdapterInfo
  const only = process.env.WGC_FEATURES?.split(',')
  const wanted = (f: string) => (!only || only.includes(f)) && !(Deno && f === 'subgroups')
  const features = FEATURES.filter((f) => adapter.features.has(f as GPUFeatureName) && wanted(f)).filter(
    (f) => f !== FEATURES[0] || multipliesMatrices(info),
  )
  const language = LANGUAGE.filter((f) => gpu.wgslLanguageFeatures.has(f) && wanted(f))
  const limits = ['maxStorageBufferBindingSize', 'maxBufferSize', 'maxComputeWorkgroupStorageSize'] as const
  const device = await adapter.requestDevice({
    requiredFeatures: [...features, 'timestamp-query'].filter((f) =>
      adapter.features.has(f as GPUFeatureName),
    ) as GPUFeatureName[],
    requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
  })
  return {
    device,
    info,
    target,
    host,
    features: [...features, ...language],
  }
}
