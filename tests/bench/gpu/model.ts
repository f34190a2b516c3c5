/** A whole model of random weights on a device, as programs beside it run it. */
import { backendLimits } from '../../../compiler/build/limits.js'
import { type GraphOptions, programGraphs } from '../../../compiler/build/programs.js'
import type { VariantSpec } from '../../../compiler/build/variant-specs.js'
import { type CompiledVariant, compileVariants } from '../../../compiler/build/variants.js'
import { FIRST_WEIGHTS } from '../../../compiler/emit/plan.js'
import { isWeight } from '../../../compiler/emit/shards.js'
import { formats } from '../../../compiler/formats/formats.js'
import { configReader, presets } from '../../../compiler/import/index.js'
import { familyOf } from '../../../compiler/models/index.js'
import { openTemplates } from '../../../compiler/select/templates.js'
import { BITS, FLOATS, noisePatch, SCALES, SCALES_AND_MINIMA } from '../../../compiler/tune/operands.js'
import type { Executor } from '../../../runtime/executor.js'
import { WGSL_MODULE_MARK } from '../../../runtime/format.js'
import { createWebGPU } from '../../../runtime/webgpu.js'

export interface ModelOptions {
  preset: string
  context: number
  bits: number | string
  group: number
  /** Layers, where not all that the preset has. */
  layers?: number | undefined
  /** Tokens of a step of a prompt, in place of the tuned table's. */
  chunk?: number | undefined
}

const templates = openTemplates()

/** Kernels, plan and places of weights of one variant. */
export function compiled(spec: VariantSpec, options: ModelOptions) {
  const { preset, context, bits, group, layers } = options
  const given = presets[preset]!
  const config = configReader(layers ? { ...given, num_hidden_layers: layers } : given, `preset ${preset}`)
  const family = familyOf(config.string('model_type'), config.strings('architectures'))
  const model = family.model(config, { context, has: () => true })
  const chunk = options.chunk ?? spec.chunk ?? 0
  const programs = model.programs
    .filter((p) => p.logits === 'last')
    .map((p) => (p.seq === 'seq' && chunk ? { ...p, maxSeq: Math.min(chunk, context) } : p))
  const { binding } = backendLimits.webgpu
  const graphOptions = {
    ...{ bits, group, kv: 'f16', splitKv: true, prologues: true, fuse: true, binding },
  } as GraphOptions
  const { variants, sets } = compileVariants(
    [spec],
    () => programGraphs({ ...model, programs }, graphOptions),
    templates,
  )
  return { model, variant: variants[0]!, set: sets[0]! }
}

export type Compiled = ReturnType<typeof compiled>

/** Noise in every weight; what the compiler computed as it is. */
async function fill(executor: Executor, { set }: Compiled): Promise<void> {
  const patches = new Map([BITS, FLOATS, SCALES, SCALES_AND_MINIMA].map((m) => [m, noisePatch(m)]))
  const put = async (region: readonly [number, number, number], content: Uint32Array | Float32Array) => {
    const [buffer, offset, bytes] = region
    const place = executor.place(buffer + FIRST_WEIGHTS, offset, bytes, (n) => new Uint8Array(n))
    const from = new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
    for (let at = 0; at < bytes; at += from.length)
      place.bytes.set(from.subarray(0, Math.min(from.length, bytes - at)), at)
    place.arrived?.(bytes)
    await place.settled?.()
  }
  for (const { item, regions } of set.shards.parts) {
    if (!isWeight(item)) {
      await put(regions.data, item.data)
      continue
    }
    const format = formats[item.spec.format ?? 'f32']
    await put(regions.data, patches.get(format.grouped ? BITS : FLOATS)!)
    if (regions.scale) await put(regions.scale, patches.get(format.minimum ? SCALES_AND_MINIMA : SCALES)!)
  }
}

const codeOf = ({ kernels }: CompiledVariant): string =>
  kernels.map((k) => `${WGSL_MODULE_MARK}${k.kernel.name}\n${k.text}\n`).join('')

/** The model on the device, ready to run; seconds that pipelines and weights took. */
export async function opened(device: GPUDevice, made: Compiled) {
  const { plan } = made.variant
  const began = performance.now()
  const executor = await createWebGPU({ device, plan, code: codeOf(made.variant), nudge: false })
  await executor.prepare(['prefill', 'decode'])
  const ready = performance.now()
  await fill(executor, made)
  return {
    executor,
    seconds: { pipelines: (ready - began) / 1000, weights: (performance.now() - ready) / 1000 },
  }
}
