/**
 * WebGPU in Node by Dawn (Chrome's): on Chromium's SwiftShader, which computes, or on the null backend, which
 * accepts every feature, validates and computes nothing.
 */
import { existsSync } from 'node:fs'
import { create, globals } from 'webgpu'

Object.assign(globalThis, globals)

/** Chromium's software Vulkan driver: subgroups of 4, no shader-f16. */
export const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** Mesa's software Vulkan driver: shader-f16, no subgroups; Debian 12's is too old for Dawn, wgpu takes it. */
export const LAVAPIPE = '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json'

/** Every feature that some kernel is made for. */
const EVERYTHING = ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix'] as GPUFeatureName[]

/** What `create()` returns must stay referenced, or Node aborts. */
const kept: GPU[] = []

async function device(options: string[], features: GPUFeatureName[]): Promise<GPUDevice | undefined> {
  const gpu = create(options)
  kept.push(gpu)
  const adapter = await gpu.requestAdapter()
  if (!adapter) return undefined
  const requiredFeatures = features.filter((f) => adapter.features.has(f))
  return adapter.requestDevice({ requiredFeatures })
}

/**
 * A device that computes, with subgroups where there are some; undefined when there is no driver. It does not
 * clear workgroup memory: SwiftShader writes code for every word of it, which takes seconds, and kernels should
 * not depend on it.
 */
export async function softwareDevice(): Promise<GPUDevice | undefined> {
  if (!existsSync(SWIFTSHADER)) return undefined
  process.env.VK_DRIVER_FILES ??= SWIFTSHADER
  return device(['backend=vulkan', 'enable-dawn-features=disable_workgroup_init'], ['subgroups'])
}

/** A device for validation: takes every shader that Tint takes. */
export async function validationDevice(): Promise<GPUDevice> {
  const made = await device(['backend=null', 'enable-dawn-features=allow_unsafe_apis'], EVERYTHING)
  if (!made) throw new Error('Dawn has no null backend')
  return made
}

/** Dawn switches f16 off on NVIDIA's driver by default, and subgroup matrices are an experiment. */
const HARDWARE = 'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia'

/** The machine's own GPU with all that it has; undefined where there is none but the CPU. */
export async function hardwareDevice(): Promise<GPUDevice | undefined> {
  const made = await device(['backend=vulkan', HARDWARE], EVERYTHING)
  const software =
    made &&
    /swiftshader|llvmpipe|lavapipe/i.test(
      JSON.stringify([made.adapterInfo.vendor, made.adapterInfo.architecture, made.adapterInfo.description]),
    )
  return software ? undefined : made
}

/** Tint's complaints about a shader; empty when it accepts it. */
export async function tintErrors(on: GPUDevice, code: string): Promise<string[]> {
  on.pushErrorScope('validation')
  const info = await on.createShaderModule({ code }).getCompilationInfo()
  await on.popErrorScope()
  return info.messages.filter((m) => m.type === 'error').map((m) => `${m.lineNum}: ${m.message}`)
}
