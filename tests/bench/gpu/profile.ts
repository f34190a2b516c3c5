/**
 * Where the time of a program goes: the dispatches of each operator, those of all layers one after the other in a
 * pass, timed by the device. Operands are buffers of its own, of the plan's sizes.
 */
import type { CompiledVariant } from '../../../compiler/build/variants.js'
import { clockOf, median } from '../../../compiler/tune/clock.js'
import { stepBuffer, storage } from '../../../compiler/tune/operands.js'
import type { Runnable } from '../../../compiler/tune/runnable.js'
import { evaluate } from '../../../runtime/expr.js'

export interface ProfileRow {
  /** Operator and node, without the layer. */
  label: string
  kernel: string
  count: number
  /** Of one dispatch. */
  ms: number
}

const TYPES = { r: 'read-only-storage', w: 'storage', u: 'uniform' } as const

/** Rows by their share, the largest first. */
export async function profile(
  device: GPUDevice,
  { plan, kernels }: CompiledVariant,
  program: string,
  seq: number,
  past: number,
): Promise<ProfileRow[]> {
  const { dispatches, arena } = plan.programs[program]!
  const step = stepBuffer(device, seq, past)
  const buffers = plan.buffers.map(({ kind, bytes }) =>
    kind === 'step' ? step : storage(device, kind === 'arena' ? arena : bytes),
  )
  const made = new Map<string, { pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }>()
  const groups = new Map<string, Runnable['stages']>()
  const texts = new Map(kernels.map((k) => [k.kernel.name, k.text]))
  for (const d of dispatches) {
    const kernel = plan.kernels[d.kernel]!
    if (!made.has(kernel.name)) {
      const layout = device.createBindGroupLayout({
        entries: kernel.bindings!.map(([binding, kind]) => ({
          ...{ binding, visibility: 4, buffer: { type: TYPES[kind] } },
        })),
      })
      const pipeline = await device.createComputePipelineAsync({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: device.createShaderModule({ code: texts.get(kernel.name)! }), entryPoint: 'main' },
      })
      made.set(kernel.name, { pipeline, layout })
    }
    const { pipeline, layout } = made.get(kernel.name)!
    const group = device.createBindGroup({
      layout,
      entries: d.bind.map((region, i) => ({
        binding: kernel.bindings![i]![0],
        resource: { buffer: buffers[region![0]]!, offset: region![1], size: region![2] },
      })),
    })
    const [x = 1, y = 1, z = 1] = d.grid.map((e) => evaluate(e, { seq, past }))
    const label = `${d.label.replace(/\b(layers|blocks|h)\.\d+\./, '')} ${kernel.name}`
    groups.set(label, [...(groups.get(label) ?? []), { pipeline, groups: [group], grid: [x, y, z] }])
  }
  const clock = clockOf(device)
  const runnables = [...groups.values()].map((stages): Runnable => ({ stages, destroy: () => {} }))
  const times: number[][] = []
  for (let round = 0; round < 6; round++) {
    const ms = await clock.round(
      runnables,
      runnables.map(() => 2),
    )
    if (round > 0) times.push(ms)
  }
  const rows = [...groups.keys()].map((key, i): ProfileRow => {
    const at = key.lastIndexOf(' ')
    const count = runnables[i]!.stages.length
    return {
      ...{ label: key.slice(0, at), kernel: key.slice(at + 1), count },
      ms: median(times.map((t) => t[i]!)) / count,
    }
  })
  for (const buffer of buffers) buffer.destroy()
  return rows.sort((a, b) => b.ms * b.count - a.ms * a.count)
}
