/**
 * WebGPU in Node by Dawn (Chrome's): on Chromium's SwiftShader, which computes, or on the null backend, which
 * accepts every feature, validates and computes nothing.
 */
import { existsSync } from 'node:fs'
import { create, globals } from 'webgpu'
import { dawnOptions } from '../../compiler/cli/dawn.js'

Object.assign(globalThis, globals)

/** Chromium's software Vulkan driver: subgroups of 4, no shader-f16. */
export const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** Mesa's software Vulkan driver: shader-f16, no subgroups; Debian 12's is too old for Dawn, wgpu takes it. */
export const LAVAPIPE = '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json'

/** Every feature that some kernel is made for. */
const EVERYTHING = ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix'] as GPUFeatureName[]

/** What `create()` returns must stay referenced, or Node aborts. */
const kept: GPU[] = []

interface Made {
  device: GPUDevice
  /** The adapter's: a device's own lacks the sizes of subgroup matrices. */
  info: GPUAdapterInfo
}

async function made(options: string[], features: GPUFeatureName[]): Promise<Made | undefined> {
  const gpu = create(options)
  kept.push(gpu)
  const adapter = await gpu.requestAdapter()
  if (!adapter) return undefined
  const requiredFeatures = features.filter((f) => adapter.features.has(f))
  // Kernels of subgroup matrices take up to 32 KiB; whoever multiplies them has that.
  const { maxComputeWorkgroupStorageSize: most } = adapter.limits
  const requiredLimits = { maxComputeWorkgroupStorageSize: Math.min(most, 32768) }
  return { device: await adapter.requestDevice({ requiredFeatures, requiredLimits }), info: adapter.info }
}

/**
 * A device that computes, with subgroups where there are some; undefined when there is no driver. It does not
 * clear workgroup memory: SwiftShader writes code for every word of it, which takes seconds, and kernels should
 * not depend on it. `clears`: it does, as browsers do.
 */
export async function softwareDevice(clears = false): Promise<GPUDevice | undefined> {
  if (!existsSync(SWIFTSHADER)) return undefined
  process.env.VK_DRIVER_FILES ??= SWIFTSHADER
  const quick = clears ? [] : ['enable-dawn-features=disable_workgroup_init']
  return (await made(['backend=vulkan', ...quick], ['subgroups']))?.device
}

/** A device for validation: takes every shader that Tint takes. */
export async function validationDevice(): Promise<GPUDevice> {
  const found = await made(['backend=null', 'enable-dawn-features=allow_unsafe_apis'], EVERYTHING)
  if (!found) throw new Error('Dawn has no null backend')
  return found.device
}

/** Dawn switches f16 off on NVIDIA's driver by default, and subgroup matrices are an experiment. */
const HARDWARE = 'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia'

const isSoftware = ({ vendor, architecture, description }: GPUAdapterInfo): boolean =>
  /swiftshader|llvmpipe|lavapipe/i.test([vendor, architecture, description].join())

/** The machine's own GPU with all that it has; undefined where there is none but the CPU. */
export async function hardwareDevice(): Promise<Made | undefined> {
  const found = await made(['backend=vulkan', HARDWARE], EVERYTHING)
  return !found || isSoftware(found.info) ? undefined : found
}

/** Its adapter, with what WGC_DAWN names switched on; with WGC_SOFTWARE set, one that computes on the CPU will do. */
export async function hardwareAdapter(): Promise<{ gpu: GPU; adapter: GPUAdapter } | undefined> {
  const gpu = create(
    dawnOptions(['backend=vulkan', HARDWARE, 'disable-dawn-features=timestamp_quantization']),
  )
  kept.push(gpu)
  const adapter = await gpu.requestAdapter()
  return adapter && (process.env.WGC_SOFTWARE || !isSoftware(adapter.info)) ? { gpu, adapter } : undefined
}

/** Tint's complaints about a shader; empty when it accepts it. */
export async function tintErrors(on: GPUDevice, code: string): Promise<string[]> {
  on.pushErrorScope('validation')
  const info = await on.createShaderModule({ code }).getCompilationInfo()
  await on.popErrorScope()
  return info.messages.filter((m) => m.type === 'error').map((m) => `${m.lineNum}: ${m.message}`)
}
