/** This machine's GPU with every feature and limit that it has, and what those features are called in variants. */
import { type AdapterInfo, multipliesMatrices } from '../../../compiler/tune/device.js'
import { hardwareAdapter } from '../../helpers/gpu.js'

export interface LargeDevice {
  device: GPUDevice
  info: AdapterInfo
  /** Features and language features that kernels may use. */
  features: string[]
}

const FEATURES = ['chromium-experimental-subgroup-matrix', 'shader-f16', 'subgroups']
const LANGUAGE = ['packed_4x8_integer_dot_product']

/** Throws where there is no GPU but the CPU. WGC_FEATURES: of the features, these alone. */
export async function largeDevice(): Promise<LargeDevice> {
  const found = await hardwareAdapter()
  if (!found) throw new Error('no GPU with a Vulkan driver')
  const { adapter, gpu } = found
  const info = adapter.info as AdapterInfo
  const only = process.env.WGC_FEATURES?.split(',')
  const wanted = (f: string) => !only || only.includes(f)
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
  return { device, info, features: [...features, ...language] }
}
