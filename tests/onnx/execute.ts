/**
 * Runs graphs on a WebGPU device: lowered as a build lowers them, each operator a dispatch, many graphs in one
 * submit. Tensors lie in a buffer for what kernels write and one for what they only read. A tensor that a kernel
 * wants in the other buffer, or twice, is copied before that dispatch: a binding may not be read and written.
 */

import type { Graph, Tensor } from '../../compiler/ir/graph.js'
import { type KernelStore, kernelStore } from '../../compiler/select/kernels.js'
import { lower, type Step } from '../../compiler/select/lower.js'
import { openTemplates } from '../../compiler/select/templates.js'
import { loadTuning } from '../../compiler/select/tuning.js'
import type { KernelTarget } from '../../compiler/select/types.js'
import { evaluate } from '../../runtime/expr.js'
import { POISON, stepBytes } from '../kernels/case-data.js'
import { packRows } from './pack.js'

export interface Program {
  graph: Graph
  /** Values of the graph's inputs, by alias. */
  inputs: ReadonlyMap<string, Float64Array>
  /** Tensors to read back. */
  outputs: string[]
}

type Space = 'write' | 'read' | 'again'
type Region = [offset: number, bytes: number]

interface Dispatch {
  code: string
  bindings: [number: number, kind: 'r' | 'w' | 'u'][]
  bind: [binding: number, space: Space | 'uniform', region: Region][]
  grid: [number, number, number]
  /** From `write` to another space, before it. */
  copies: [from: number, space: Space, to: number, bytes: number][]
}

const align = (bytes: number) => Math.ceil(bytes / 256) * 256

/** A buffer in the making. */
class Layout {
  readonly parts: [offset: number, bytes: Uint8Array][] = []
  end = 0
  private known = new Map<string, Region>()

  at(key: string, bytes: () => Uint8Array): Region {
    let region = this.known.get(key)
    if (!region) {
      const content = bytes()
      region = [this.end, content.length]
      this.parts.push([this.end, content])
      this.end += align(content.length)
      this.known.set(key, region)
    }
    return region
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(new Uint32Array(Math.max(this.end, 256) / 4).fill(POISON).buffer)
    for (const [offset, bytes] of this.parts) all.set(bytes, offset)
    return all
  }
}

const encode = (values: ArrayLike<number>, dtype: Tensor['dtype']): Uint8Array =>
  new Uint8Array((dtype === 'u32' ? Uint32Array.from(values) : Float32Array.from(values)).buffer)

/** Bytes of a tensor before anything runs; a multiple of 16, so that kernels may see it as vec4s. */
function initial(t: Tensor, inputs: Program['inputs']): Uint8Array {
  const alias = t.kind === 'output' ? undefined : t.alias
  const given = alias === undefined ? undefined : inputs.get(alias)
  if (alias !== undefined && !given) throw new Error(`no value for ${t.alias}`)
  const data = given ?? t.data
  const [rows, columns] = t.shape as number[]
  // A constant of ids holds their bits.
  const bits = t.kind === 'const' ? new Uint8Array(t.data!.slice().buffer) : undefined
  const bytes =
    bits ?? (t.kind === 'weight' && columns ? packRows(data!, rows!, columns) : data && encode(data, t.dtype))
  const n = t.shape.reduce<number>((product, d) => product * Number(d), 1)
  const size = Math.max(16, Math.ceil((bytes?.length ?? 4 * n) / 16) * 16)
  const all = new Uint8Array(new Uint32Array(size / 4).fill(POISON).buffer)
  if (bytes) all.set(bytes)
  return all
}

function dispatchOf(
  step: Step,
  program: number,
  { graph, inputs }: Program,
  kernels: KernelStore,
  spaces: Record<Space, Layout>,
  uniforms: Layout,
): Dispatch {
  const { kernel, operands, text } = kernels.get(step)
  const copies: Dispatch['copies'] = []
  // To a kernel that counts rows by the step they are its tokens.
  const tokens = Number(step.params.M ?? 1)
  const used = new Set<string>()
  const bind = operands.map((name, i): Dispatch['bind'][number] => {
    const [number, kind] = kernel.bindings![i]!
    if (kind === 'u') return [number, 'uniform', uniforms.at(`${tokens}`, () => stepOf(tokens))]
    const tensor = graph.tensors.get(step.node.outputs[name] ?? step.node.inputs[name] ?? '')
    if (!tensor) throw new Error(`${step.node.name}: nothing to bind to ${name}`)
    const made = tensor.kind === 'temp' || tensor.kind === 'output'
    const key = `${program} ${tensor.name}`
    const space: Space = kind === 'r' ? 'read' : used.has(key) ? 'again' : 'write'
    used.add(key)
    const bytes = () => initial(tensor, inputs)
    const again = space === 'again' ? `${key} ${name}` : key
    const region = spaces[space].at(again, bytes)
    if (made && space !== 'write') copies.push([spaces.write.at(key, bytes)[0], space, region[0], region[1]])
    return [number, space, region]
  })
  const grid = step.grid.map((e) => evaluate(e, { seq: 1, past: 0 }))
  if (grid.some((n) => n > 65535)) throw new Error(`${step.node.name}: a grid of ${grid}`)
  return {
    code: text,
    bindings: kernel.bindings!,
    bind,
    grid: [grid[0] ?? 1, grid[1] ?? 1, grid[2] ?? 1],
    copies,
  }
}

const stepOf = (seq: number) =>
  stepBytes({ seq, past: 0, seed: 1, top_k: 0, top_p: 1, temperature: 0, sample: 1, penalty: 1 })

const TYPES = { r: 'read-only-storage', w: 'storage', u: 'uniform' } as const

export interface Executor {
  /** Values of each program's outputs, by name. */
  run(programs: Program[]): Promise<Map<string, Float64Array>[]>
}

export function executor(device: GPUDevice): Executor {
  const templates = openTemplates()
  const kernels = kernelStore('wgsl', templates)
  const target: KernelTarget = { language: 'wgsl', features: [], tuning: loadTuning() }
  const pipelines = new Map<string, Promise<{ pipeline: GPUComputePipeline; layout: GPUBindGroupLayout }>>()

  const pipelineOf = ({ code, bindings }: Dispatch) => {
    let made = pipelines.get(code)
    if (made) return made
    const layout = device.createBindGroupLayout({
      entries: bindings.map(([binding, kind]) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: TYPES[kind] },
      })),
    })
    made = device
      .createComputePipelineAsync({
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
      })
      .then((pipeline) => ({ pipeline, layout }))
      .catch((cause) => {
        throw new Error(`${cause}\n${code}`, { cause })
      })
    pipelines.set(code, made)
    return made
  }

  const upload = (data: Uint8Array, usage: number): GPUBuffer => {
    const buffer = device.createBuffer({ size: data.length, usage: usage | GPUBufferUsage.COPY_DST })
    device.queue.writeBuffer(buffer, 0, data as Uint8Array<ArrayBuffer>)
    return buffer
  }

  const stepsOf = (program: Program) => lower(program.graph, templates.heads, target).steps

  return {
    async run(programs) {
      const uniforms = new Layout()
      const spaces = { write: new Layout(), read: new Layout(), again: new Layout() }
      const dispatches = programs.flatMap((program, i) =>
        stepsOf(program).map((step) => dispatchOf(step, i, program, kernels, spaces, uniforms)),
      )
      const regions = programs.map(({ outputs, graph, inputs }, i) =>
        outputs.map((name): [Tensor, Region] => {
          const t = graph.tensors.get(name)!
          return [t, spaces.write.at(`${i} ${name}`, () => initial(t, inputs))]
        }),
      )
      device.pushErrorScope('validation')
      const made = await Promise.all(dispatches.map(pipelineOf))
      const { STORAGE, COPY_SRC, COPY_DST, MAP_READ, UNIFORM } = GPUBufferUsage
      const buffers = {
        write: upload(spaces.write.bytes(), STORAGE | COPY_SRC),
        read: upload(spaces.read.bytes(), STORAGE),
        again: upload(spaces.again.bytes(), STORAGE),
        uniform: upload(uniforms.bytes(), UNIFORM),
      }
      const result = device.createBuffer({ size: buffers.write.size, usage: MAP_READ | COPY_DST })
      const encoder = device.createCommandEncoder()
      let pass: GPUComputePassEncoder | undefined
      dispatches.forEach(({ bind, grid, copies }, i) => {
        if (copies.length > 0) {
          pass?.end()
          pass = undefined
          for (const [from, space, to, bytes] of copies)
            encoder.copyBufferToBuffer(buffers.write, from, buffers[space], to, bytes)
        }
        pass ??= encoder.beginComputePass()
        const { pipeline, layout } = made[i]!
        const entries = bind.map(([binding, space, [offset, size]]) => ({
          binding,
          resource: { buffer: buffers[space], offset, size },
        }))
        pass.setPipeline(pipeline)
        pass.setBindGroup(0, device.createBindGroup({ layout, entries }))
        pass.dispatchWorkgroups(...grid)
      })
      pass?.end()
      encoder.copyBufferToBuffer(buffers.write, 0, result, 0, buffers.write.size)
      device.queue.submit([encoder.finish()])
      const error = await device.popErrorScope()
      if (error) throw new Error(error.message)
      await result.mapAsync(GPUMapMode.READ)
      const found = result.getMappedRange().slice(0)
      for (const buffer of [...Object.values(buffers), result]) buffer.destroy()
      return regions.map((list) => new Map(list.map(([t, [offset]]) => [t.name, decode(found, t, offset)])))
    },
  }
}

function decode(bytes: ArrayBuffer, t: Tensor, offset: number): Float64Array {
  const n = t.shape.reduce<number>((product, d) => product * Number(d), 1)
  return Float64Array.from(
    t.dtype === 'u32' ? new Uint32Array(bytes, offset, n) : new Float32Array(bytes, offset, n),
  )
}
