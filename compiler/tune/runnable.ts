/** A candidate made ready to run: the conversions that its template asks for, then its kernel. */
import type { BindingKind } from '../../runtime/format.js'
import { fail } from '../errors.js'
import type { DType } from '../ir/graph.js'
import { memo } from '../memo.js'
import { ops } from '../ops/index.js'
import type { Facts } from '../ops/types.js'
import { conversionTo } from '../select/lower.js'
import { select } from '../select/select.js'
import type { Templates } from '../select/templates.js'
import type { Choice, KernelTarget } from '../select/types.js'
import { evaluateExpression, specialize } from '../specialize/index.js'
import { reflectBindings } from '../validate/reflect.js'
import { narrowBytes, type Operands, storage } from './operands.js'

const COMPUTE = 4
const TYPES: Record<BindingKind, GPUBufferBindingType> = {
  r: 'read-only-storage',
  w: 'storage',
  u: 'uniform',
}

/** One dispatch; `groups` by copy of the operands. */
interface Stage {
  pipeline: GPUComputePipeline
  groups: GPUBindGroup[]
  grid: [number, number, number]
}

export interface Runnable {
  stages: Stage[]
  destroy(): void
}

/** Pipelines by their text: candidates share conversions. */
export interface Pipelines {
  device: GPUDevice
  templates: Templates
  target: KernelTarget
  made: Map<string, Promise<Made>>
}

interface Made {
  pipeline: GPUComputePipeline
  layout: GPUBindGroupLayout
  bindings: ReturnType<typeof reflectBindings>
}

export const pipelinesOf = (device: GPUDevice, templates: Templates, target: KernelTarget): Pipelines => ({
  ...{ device, templates, target, made: new Map() },
})

function pipelineOf({ device, templates, made }: Pipelines, choice: Choice): Promise<Made> {
  const { text } = specialize(templates.whole(choice.template), choice.params)
  return memo(made, text, async (): Promise<Made> => {
    const bindings = reflectBindings(text, choice.template.name)
    const layout = device.createBindGroupLayout({
      entries: bindings.map(({ number, kind }) => ({
        ...{ binding: number, visibility: COMPUTE, buffer: { type: TYPES[kind] } },
      })),
    })
    const pipeline = await device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: device.createShaderModule({ code: text }), entryPoint: 'main' },
    })
    return { pipeline, layout, bindings }
  })
}

async function stage(
  pipelines: Pipelines,
  choice: Choice,
  facts: Facts,
  copies: Record<string, GPUBuffer>[],
): Promise<Stage> {
  const { pipeline, layout, bindings } = await pipelineOf(pipelines, choice)
  const env = { ...facts, ...choice.params }
  const [x = 1, y = 1, z = 1] = choice.template.front.grid.map((e) => Number(evaluateExpression(e, env)))
  const groups = copies.map((buffers) =>
    pipelines.device.createBindGroup({
      layout,
      entries: bindings.map(({ name, number }) => ({
        binding: number,
        resource: {
          buffer:
            buffers[name] ?? fail('WGC901', [`${choice.template.name} binds ${name}, which is no port`]),
        },
      })),
    }),
  )
  return { pipeline, groups, grid: [x, y, z] }
}

/**
 * Makes a candidate of `op` ready. Operands of types that are `written` for it (`x:i8x4`) are converted here, once;
 * others in each run. Rejects when the device refuses a kernel.
 */
export async function makeRunnable(
  pipelines: Pipelines,
  opName: string,
  facts: Facts,
  choice: Choice,
  operands: Operands,
  written: readonly string[] = [],
): Promise<Runnable> {
  const op = ops[opName]!
  const own: GPUBuffer[] = []
  const stages: Stage[] = []
  const converted: Record<string, GPUBuffer> = {}
  for (const { name, type } of choice.template.front.op.inputs) {
    const conversion =
      op.ports[name]?.kind === 'f32' && type !== 'f32' ? conversionTo(type as DType) : undefined
    if (!conversion) continue
    const buffer = storage(pipelines.device, narrowBytes(op, name, type as DType, facts))
    own.push(buffer)
    converted[name] = buffer
    const { templates, target } = pipelines
    const chosen = select(conversion.op, conversion.op, facts, templates.heads, target)
    const sides = { x: operands.copies[0]![name]!, y: buffer }
    const made = await stage(pipelines, chosen, facts, [sides])
    if (written.includes(`${name}:${type}`)) runOnce(pipelines.device, made)
    else stages.push(made)
  }
  const copies = operands.copies.map((buffers) => ({ ...buffers, ...converted }))
  stages.push(await stage(pipelines, choice, facts, copies))
  return {
    stages,
    destroy: () => {
      for (const buffer of own) buffer.destroy()
    },
  }
}

function runOnce(device: GPUDevice, stage: Stage): void {
  const encoder = device.createCommandEncoder()
  const pass = encoder.beginComputePass()
  record(pass, { stages: [stage] }, 1)
  pass.end()
  device.queue.submit([encoder.finish()])
}

/** Records `turns` runs, each with the next copy of the weights. */
export function record(
  pass: GPUComputePassEncoder,
  { stages }: Pick<Runnable, 'stages'>,
  turns: number,
): void {
  for (let turn = 0; turn < turns; turn++)
    for (const { pipeline, groups, grid } of stages) {
      pass.setPipeline(pipeline)
      pass.setBindGroup(0, groups[turn % groups.length]!)
      pass.dispatchWorkgroups(...grid)
    }
}
