/**
 * The plan of one variant: lowered programs, with every operand given its place in a buffer. Buffers are the
 * step uniform, the tokens, the arena, then weights, then states.
 */
import type { BufferSpec, Dispatch, Plan, Port, Program, Region } from '../../runtime/format.js'
import { STEP_BYTES } from '../../runtime/format.js'
import { fail } from '../errors.js'
import { kvBytes } from '../formats/kv.js'
import type { DType, Graph, Tensor } from '../ir/graph.js'
import { elements, largest } from '../ir/size.js'
import type { ProgramSpec } from '../models/types.js'
import { byteRowBytes, quantizedRowBytes } from '../ops/quantize_rows.js'
import { type Arena, align, planMemory } from '../passes/memory.js'
import type { CompiledKernel, KernelStore } from '../select/kernels.js'
import type { Lowered, Step } from '../select/lower.js'
import { grainOf } from './grain.js'
import type { WeightSet } from './shards-write.js'

const STEP = 0
const TOKENS = 1
const ARENA = 2
/** Weight buffers follow those three. */
export const FIRST_WEIGHTS = 3

/** A weight is stored once for each layout that some kernel reads it in. */
export const weightKey = (tensor: string, layout: string): string => `${tensor}@${layout}`

/** The layout in which a step's template reads a weight port. */
export const layoutOf = (step: Step, port: string): string =>
  step.choice.template.front.layouts[port] ?? 'rows'

function rowBytes(dtype: DType, columns: number): number {
  if (dtype === 'u32') return columns * 4
  if (dtype === 'i8x4') return byteRowBytes(columns)
  return dtype === 'i8x32' ? quantizedRowBytes(columns) : kvBytes(dtype, columns)
}

/** Bytes of an activation, state or input at the largest step; a multiple of 16, so that it can be viewed as vec4s. */
export function tensorBytes(t: Tensor, graph: Graph): number {
  const limits = { seq: graph.maxSeq, past: 0 }
  const count = largest(elements(t.shape), limits)
  const columns = Number(t.shape.at(-1))
  return Math.ceil(((count / columns) * rowBytes(t.dtype, columns)) / 16) * 16
}

interface Layout {
  buffers: BufferSpec[]
  states: Map<string, Region>
}

/** Puts states into buffers: none is cut, no buffer is larger than a device must allow. */
function placeStates(programs: Lowered[], first: number, maxBuffer: number): Layout {
  const buffers: BufferSpec[] = []
  const states = new Map<string, Region>()
  for (const { graph } of programs) {
    for (const t of graph.tensors.values()) {
      if (t.kind !== 'state' || states.has(t.name)) continue
      const bytes = tensorBytes(t, graph)
      let last = buffers.at(-1)
      if (!last || last.bytes + bytes > maxBuffer) {
        last = { kind: 'state', bytes: 0 }
        buffers.push(last)
      }
      states.set(t.name, [first + buffers.length - 1, last.bytes, bytes])
      last.bytes = align(last.bytes + bytes)
    }
  }
  return { buffers, states }
}

/** Region of each operand of a step by name; `w_scale` is the scale region of the weight at `w`. */
function operandRegion(step: Step, graph: Graph, name: string, at: Places): Region | null {
  if (name === 'step') return [STEP, 0, STEP_BYTES]
  const port = name.replace(/_scale$/, '')
  const t = graph.tensors.get(step.node.outputs[port] ?? step.node.inputs[port] ?? '')
  if (!t) return null
  if (t.kind === 'weight' || t.kind === 'const') {
    const place = at.weights.regions.get(
      t.kind === 'const' ? t.name : weightKey(t.name, layoutOf(step, port)),
    )
    const region = port === name ? place?.data : place?.scale
    return region ? [region[0] + FIRST_WEIGHTS, region[1], region[2]] : null
  }
  if (t.kind === 'input') return [TOKENS, 0, tensorBytes(t, graph)]
  if (t.kind === 'state') return at.states.get(t.name) ?? null
  const place = at.arena.placements.get(t.name)
  if (!place) return null
  // A piece of a cut weight writes, and adds, its own columns.
  const skip = ['y', 'r'].includes(port) ? Number(step.node.attrs.Y0 ?? 0) * 4 : 0
  return [ARENA, place.offset + skip, place.bytes - skip]
}

interface Places {
  weights: WeightSet
  states: Map<string, Region>
  arena: Arena
}

function dispatch(step: Step, graph: Graph, compiled: CompiledKernel, kernel: number, at: Places): Dispatch {
  const bind = compiled.operands.map((name) => operandRegion(step, graph, name, at))
  const missing = compiled.operands.find((_, i) => bind[i] === null && compiled.kernel.bindings)
  if (missing) fail('WGC901', [`${compiled.kernel.name}: nothing to bind to ${missing} of ${step.node.name}`])
  const unknown = (name: string) => fail('WGC901', [`${compiled.kernel.name}: size ${name} is not known`])
  // A size of operands that the node leaves out is 0, as their pointers are.
  const isLeftOut = (name: string) =>
    Object.values(step.op.ports).some((p) => p.when && p.shape.includes(name))
  const args = compiled.ints.map(
    (name) => step.symbols[name] ?? Number(step.params[name] ?? (isLeftOut(name) ? 0 : unknown(name))),
  )
  const label = `${step.node.op} ${step.node.name}`
  // Kernels without bindings are those of WebAssembly.
  const grain = compiled.kernel.bindings ? 1 : grainOf(step, graph)
  return {
    ...{ kernel, bind, grid: step.grid as Dispatch['grid'] },
    ...(args.length > 0 && { args }),
    ...(grain > 1 && { grain }),
    label,
  }
}

export interface PlanInput {
  programs: { spec: ProgramSpec; lowered: Lowered }[]
  weights: WeightSet
  kernels: KernelStore
  /** Largest buffer, bytes. */
  maxBuffer: number
}

export interface PlanOutput {
  plan: Plan
  kernels: CompiledKernel[]
  arenas: Map<string, Arena>
}

export function makePlan({ programs, weights, kernels, maxBuffer }: PlanInput): PlanOutput {
  const weightBuffers: BufferSpec[] = weights.buffers.map(({ bytes }) => ({ kind: 'weights', bytes }))
  const { buffers: stateBuffers, states } = placeStates(
    programs.map((p) => p.lowered),
    FIRST_WEIGHTS + weightBuffers.length,
    maxBuffer,
  )
  const index = new Map<string, number>()
  const used: CompiledKernel[] = []
  const arenas = new Map<string, Arena>()
  const make = ({ spec, lowered }: PlanInput['programs'][number]): Program => {
    const { graph } = lowered
    const arena = planMemory(graph, (name) => tensorBytes(graph.tensors.get(name) as Tensor, graph))
    arenas.set(spec.name, arena)
    const dispatches = lowered.steps.map((step) => {
      const compiled = kernels.get(step)
      if (!index.has(compiled.kernel.name)) index.set(compiled.kernel.name, used.push(compiled) - 1)
      return dispatch(step, graph, compiled, index.get(compiled.kernel.name) ?? 0, { weights, states, arena })
    })
    return { maxSeq: spec.maxSeq, arena: arena.bytes, ...ports(graph, spec, arena), dispatches }
  }
  const made = Object.fromEntries(programs.map((p) => [p.spec.name, make(p)]))
  const tokens = [...(programs[0]?.lowered.graph.tensors.values() ?? [])].find((t) => t.kind === 'input')
  const buffers: BufferSpec[] = [
    { kind: 'step', bytes: STEP_BYTES },
    { kind: 'tokens', bytes: tokens ? tensorBytes(tokens, programs[0]!.lowered.graph) : 0 },
    { kind: 'arena', bytes: 0 },
    ...weightBuffers,
    ...stateBuffers,
  ]
  const shards = weights.shards.map(({ file, buffer, offset, bytes }) => ({
    file,
    buffer: buffer + FIRST_WEIGHTS,
    offset,
    bytes,
  }))
  return {
    plan: { buffers, shards, kernels: used.map((k) => k.kernel), programs: made },
    kernels: used,
    arenas,
  }
}

/** What a program takes and gives, by the names callers use. */
function ports(graph: Graph, spec: ProgramSpec, arena: Arena): { inputs: Port[]; outputs: Port[] } {
  const inputs: Port[] = []
  const outputs: Port[] = []
  for (const t of graph.tensors.values()) {
    if (t.kind === 'input')
      inputs.push({
        name: t.alias ?? t.name,
        dtype: 'u32',
        shape: [spec.seq],
        region: [TOKENS, 0, tensorBytes(t, graph)],
      })
    const place = arena.placements.get(t.name)
    if (t.kind === 'output' && place)
      outputs.push({
        name: t.alias ?? t.name,
        dtype: 'f32',
        shape: t.shape,
        region: [ARENA, place.offset, place.bytes],
      })
  }
  return { inputs, outputs }
}
