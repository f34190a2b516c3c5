/** WGSL checked by Tint, through Dawn's null backend. */
import { create, globals } from 'webgpu'

Object.assign(globalThis, globals)
// Dawn lives as long as this is referenced.
const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis'])
let device: Promise<GPUDevice> | undefined

async function open(): Promise<GPUDevice> {
  const adapter = await gpu.requestAdapter()
  if (!adapter) throw new Error('no null adapter')
  return adapter.requestDevice({ requiredFeatures: [...adapter.features] as GPUFeatureName[] })
}

/** Tint's errors, with the lines they are about; empty when the text is valid. */
export async function tintErrors(code: string): Promise<string[]> {
  device ??= open()
  const d = await device
  d.pushErrorScope('validation')
  const info = await d.createShaderModule({ code }).getCompilationInfo()
  await d.popErrorScope()
  return info.messages
    .filter((m) => m.type === 'error')
    .map((m) => `${m.lineNum}: ${m.message} | ${code.split('\n')[m.lineNum - 1] ?? ''}`)
}
