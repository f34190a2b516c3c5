/**
 * Chrome's own judge: Dawn's null backend, which validates everything and computes nothing. Modules go through
 * Tint, and pipelines are made, with the plan's bind group layout, on a device that has just the features of
 * the variant and the specification's default limits.
 */
import type { BindingKind } from '../../runtime/format.js'
import { fail } from '../errors.js'
import type { Expected } from './interface.js'

export interface Verdict {
  message: string
  /** Offset in the text, where known. */
  at?: number
}

export interface TintInput {
  text: string
  features: string[]
  bindings: Expected[]
  /** Made for limits that the null device does not have: then there is no pipeline, the module alone counts. */
  moduleOnly?: boolean
}

const BUFFER: Record<BindingKind, GPUBufferBindingType> = {
  r: 'read-only-storage',
  w: 'storage',
  u: 'uniform',
}
const COMPUTE = 4 // GPUShaderStage.COMPUTE, whose global does not exist here

/** Node aborts when what `create` returned is collected while devices live. */
let dawn: GPU | undefined

async function gpu(): Promise<GPU> {
  if (dawn) return dawn
  const { create } = await import('webgpu').catch((e) => fail('WGC503', ['Tint', String(e)], { cause: e }))
  // Unsafe APIs: shader-f16 and subgroups are offered on every machine, so builds don't differ.
  dawn = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis'])
  return dawn
}

/** First error of each shader, or undefined; in the order given. What occurs twice is judged once. */
export async function tint(inputs: TintInput[]): Promise<(Verdict | undefined)[]> {
  const devices = devicePool(await gpu())
  const judged = new Map<string, Promise<Verdict | undefined>>()
  const judgement = (input: TintInput) => {
    const { text, features, bindings, moduleOnly } = input
    const key = JSON.stringify([text, features, moduleOnly, bindings.map((b) => [b.number, b.kind])])
    const found = judged.get(key) ?? devices.get(features).then((device) => judge(device, input))
    judged.set(key, found)
    return found
  }
  try {
    return await Promise.all(inputs.map(judgement))
  } finally {
    await devices.close()
  }
}

function devicePool(gpu: GPU) {
  const devices = new Map<string, Promise<GPUDevice>>()
  const open = async (features: string[]) => {
    const adapter = await gpu.requestAdapter()
    if (!adapter) return fail('WGC503', ['Tint', 'Dawn has no null adapter'])
    // What is no feature of a device is one of the language, which Dawn always has.
    const unknown = features.find((f) => !adapter.features.has(f) && !gpu.wgslLanguageFeatures.has(f))
    if (unknown !== undefined) return fail('WGC503', ['Tint', `Dawn knows no feature ${unknown}`])
    const requiredFeatures = features.filter((f) => adapter.features.has(f)) as GPUFeatureName[]
    const device = await adapter.requestDevice({ requiredFeatures })
    device.pushErrorScope('validation') // errors come back from the pipelines instead
    return device
  }
  return {
    get(features: string[]): Promise<GPUDevice> {
      const key = [...features].sort().join()
      const found = devices.get(key) ?? open(features)
      devices.set(key, found)
      return found
    },
    async close(): Promise<void> {
      for (const opened of await Promise.allSettled(devices.values())) {
        if (opened.status !== 'fulfilled') continue
        await opened.value.popErrorScope()
        opened.value.destroy()
      }
    },
  }
}

async function judge(device: GPUDevice, input: TintInput): Promise<Verdict | undefined> {
  const { text, bindings, moduleOnly } = input
  const module = device.createShaderModule({ code: text })
  if (moduleOnly) return firstError(module)
  const entries = bindings.map(({ number, kind }) => ({
    binding: number,
    visibility: COMPUTE,
    buffer: { type: BUFFER[kind] },
  }))
  const layout = device.createPipelineLayout({
    bindGroupLayouts: [device.createBindGroupLayout({ entries })],
  })
  try {
    await device.createComputePipelineAsync({ layout, compute: { module, entryPoint: 'main' } })
    return undefined
  } catch (e) {
    return (await firstError(module)) ?? { message: firstLine(e) }
  }
}

async function firstError(module: GPUShaderModule): Promise<Verdict | undefined> {
  const { messages } = await module.getCompilationInfo()
  const error = messages.find((m) => m.type === 'error')
  if (!error) return undefined
  // Notes after the error say where the cause is.
  const notes = messages.filter((m) => m.type === 'info').map((m) => m.message)
  return { message: [error.message, ...notes].join('; '), at: error.offset }
}

const firstLine = (e: unknown) => (e instanceof Error ? e.message : String(e)).split('\n')[0]!
